// What the ways to show spectra draw on: a figure, the run that is shown, and what is told at the pointer.
import { html, svg } from "../../dom";
import type { History } from "../../history";
import type { Bundle, Network } from "../../network";
import { along, nearest, type TimeAxis, timeAxis, timeTicks } from "../../panel/axis";
import { momentLabel } from "../../panel/moment";
import { PAPERS, type Rgb } from "../../scale";
import type { ViewContext } from "../../views/context";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import { Figure } from "../figure";
import { hueOf } from "../hues";
import { type Part, partsOf } from "../parts";
import { type Spectra, spectraOf, type Wish } from "./found";
import css from "./spectra.css";

/** Below this width two plots stand above each other. */
const NARROW_PX = 640;
export const LEFT_PX = 58;
export const BOTTOM_PX = 40;

/** What is told at the pointer, and where. */
export interface Reading {
  x: number;
  y: number;
  text: string;
  checkpoint: number | null; // that a press goes to
}

/** A way to show spectra. */
export interface Panel {
  /** What it needs of the run that is shown. */
  wish(): Wish;
  /** Data, looks or size changed; canvas and SVG are empty. */
  draw(): void;
  /** The playhead moved. */
  frame(): void;
  read(x: number, y: number): Reading | null;
  press?(x: number, y: number): void;
  /** Whether it took a key. */
  key?(key: string): boolean;
  caption(): string;
  summary(): string;
}

/** Matrices that have a spectrum: parameters of two axes or more, and gates; as Python's spectrum.py names them. */
export function matricesOf(network: Network): Part[] {
  const kernels = partsOf(network, { of: null, by: "parameter" }).filter(
    ({ name }) => network.parameters[name].length > 1 && network.parameters[name].every((side) => side > 0),
  );
  const isKernel = ({ port, role }: Bundle) => port !== null && (role === "input" || role === "recurrent");
  const gates = network.bundles.some(isKernel) ? partsOf(network, { of: null, by: "gate" }) : [];
  return [...kernels, ...gates];
}

export class Board {
  readonly figure: Figure;
  readonly context: ViewContext;
  readonly matrices: Part[];
  readonly layers: string[];
  readonly #readout = html("div", { class: "nwv-spectrum-readout", hidden: true });
  readonly #head = svg("g", "nwv-spectrum-head");

  constructor(host: HTMLElement, context: ViewContext) {
    this.context = context;
    this.figure = new Figure(host, context, "spectra of weights");
    this.figure.stage.append(html("style", {}, css), this.#readout);
    this.matrices = matricesOf(context.network);
    this.layers = [...new Set(this.matrices.map(({ layer }) => layer))];
  }

  /** The run that is shown; not the one that stands for it. */
  get history(): History {
    const { histories, options } = this.context;
    return histories.find(({ name }) => name === options().run) ?? histories[0];
  }

  get spectra(): Spectra {
    return spectraOf(this.context.model, this.history);
  }

  get isNarrow(): boolean {
    return this.figure.size.width < NARROW_PX;
  }

  isLog(axis: "x" | "y"): boolean {
    return this.context.options().log_axes.includes(axis);
  }

  paper(): Rgb {
    return PAPERS[this.context.isDark() ? "dark" : "light"];
  }

  hue(layer: string): Rgb {
    return hueOf(this.layers.indexOf(layer), this.layers.length, this.context.isDark());
  }

  moment(k: number): string {
    return momentLabel(k, this.history);
  }

  /** Wipe the figure; the playhead stays above all that is drawn. */
  begin(): CanvasRenderingContext2D {
    this.figure.svg.replaceChildren(this.#head);
    this.figure.keys.replaceChildren();
    return this.figure.brush();
  }

  add(...elements: Element[]): void {
    this.#head.before(...elements);
  }

  /** What stands for the playhead and moves with it. */
  mark(...elements: Element[]): void {
    this.#head.replaceChildren(...elements);
  }

  /** A few words in the middle of a box, in place of what is not there. */
  say(box: Box, text: string): void {
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    this.add(svg("text", { class: "nwv-spectrum-words", x, y, "text-anchor": "middle" }, text));
  }

  tell(reading: Reading | null): void {
    const { width } = this.figure.size;
    this.#readout.hidden = reading === null;
    if (!reading) return;
    this.#readout.textContent = reading.text;
    const isRight = reading.x > width / 2;
    this.#readout.style.cssText = `top: ${Math.max(2, reading.y - 34)}px; ${isRight ? `right: ${width - reading.x + 10}` : `left: ${reading.x + 10}`}px`;
  }

  /** Why there is nothing to draw of a matrix. */
  whyNot(name: string): string {
    const { spectra } = this;
    if (spectra.error) return spectra.error;
    if (spectra.leftOut.includes(name))
      return "left out of this page: it would have taken too long to compute";
    if (spectra.hasKernel) return "Python is computing it";
    return "there is no kernel behind this page that could compute it";
  }

  /** A checkpoint that lacks a spectrum: what is known of why. */
  whyMissing(parameters: string[], k: number): string {
    const odd = this.history.summaries.over("n_odd", parameters)[k];
    return odd > 0 ? `none: ${odd} NaN or infinite weights` : "not recorded";
  }
}

/** A plot against time. */
export class TimePlot {
  readonly box: Box;
  readonly axis: TimeAxis;
  readonly x: Scale;
  readonly y: Scale;
  readonly #board: Board;

  /** Of the run that is shown, and as long as the `others` that are drawn in it. */
  constructor(board: Board, box: Box, domain: [number, number], isLog: boolean, others: History[] = []) {
    this.#board = board;
    this.box = box;
    const steps = others.map((run) => (run.steps ?? []).filter((step) => step !== null));
    this.axis = timeAxis(board.history, board.history.steps ? steps : [], board.context.options().x);
    const { full } = this.axis;
    this.x = scaleOf(full, [box.left + 6, box.right - 6]);
    this.y = scaleOf(domain, [box.bottom, box.top], isLog);
  }

  drawAxes(title: string, most = 6): void {
    const { box, axis, x, y } = this;
    const room = Math.max(2, Math.floor((box.right - box.left) / 80));
    const ticks = timeTicks(axis, axis.full, room).map(({ x: value, text }) => ({ value, text }));
    this.#board.add(drawAxes(box, { scale: x, title: axis.unit, ticks }, { scale: y, title, most }));
  }

  /** Where a checkpoint of a run lies, which may be another than the one that is shown. */
  at(history: History, k: number): number {
    const { axis } = this;
    if (history === this.#board.history) return this.x(axis.at[k]);
    const step = history.steps?.[k];
    return this.x(step == null ? k : axis.place(step));
  }

  /** Draw a line of one value a checkpoint, with gaps; a lone one is a dot. */
  line(brush: CanvasRenderingContext2D, values: ArrayLike<number>, history = this.#board.history): void {
    const points = Array.from({ length: values.length }, (_, k) => [this.at(history, k), this.y(values[k])]);
    const isThere = (k: number) => points[k]?.every(Number.isFinite) ?? false;
    brush.beginPath();
    points.forEach(([x, y], k) => {
      if (!isThere(k)) return;
      if (!isThere(k - 1)) brush.moveTo(x, y);
      else brush.lineTo(x, y);
      if (!isThere(k - 1) && !isThere(k + 1)) {
        brush.moveTo(x + 2, y);
        brush.arc(x, y, 2, 0, 7);
      }
    });
    brush.stroke();
  }

  playhead(): SVGElement {
    const x = this.x(along(this.axis, this.#board.context.clock.position));
    return svg("line", {
      class: "nwv-spectrum-playhead",
      x1: x,
      x2: x,
      y1: this.box.top,
      y2: this.box.bottom,
    });
  }

  has(x: number, y: number): boolean {
    const { left, right, top, bottom } = this.box;
    return x >= left - 4 && x <= right + 4 && y >= top - 4 && y <= bottom + 4;
  }

  nearest(x: number): number {
    return nearest(this.axis, this.x.at(x));
  }
}
