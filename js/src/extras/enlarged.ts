// One unit's outputs at length: its picture with axes or a colour bar, and the item that is pointed at, in words.
import { hear, html, svg } from "../dom";
import { formatValue, rgba, shade } from "../scale";
import { ticks } from "../ticks";
import type { Outputs, Range } from "./outputs";
import { type Brush, drawMark, type UnitPicture } from "./unit";

const SIZE = { width: 168, height: 150 };
const MARGIN = { left: 44, top: 8, right: 8, bottom: 34 };
const BAR = 36; // of colours, beside a heat map, with its ticks
const FINE = 2; // device pixels to a pixel

export type Pointed = { item: number; position: number } | null;

export class Enlarged {
  readonly element: HTMLElement;
  readonly #outputs: Outputs;
  readonly #picture: UnitPicture;
  readonly #size: { width: number; height: number };
  readonly #canvas = html("canvas", { tabindex: 0, role: "img" });
  readonly #axes = svg("svg", { "aria-hidden": "true" });
  readonly #spot = html("div", { class: "nwv-enlarged-spot", "aria-live": "polite" });
  readonly #point: (pointed: Pointed) => void;
  #row = -1;
  #pointed: Pointed = null;

  constructor(outputs: Outputs, picture: UnitPicture, label: string, point: (pointed: Pointed) => void) {
    this.#outputs = outputs;
    this.#picture = picture;
    this.#point = point;
    const isHeat = picture.kind === "heat";
    this.#size = { width: SIZE.width - (isHeat ? BAR : 0), height: SIZE.height };
    const { width, height } = this.#size;
    this.#canvas.width = width * FINE;
    this.#canvas.height = height * FINE;
    const place = `left:${MARGIN.left}px;top:${MARGIN.top}px;width:${width}px;height:${height}px`;
    this.#canvas.style.cssText = place;
    this.#canvas.setAttribute("aria-label", `${label}: ${this.#about()}`);
    this.#axes.setAttribute("width", String(MARGIN.left + SIZE.width + MARGIN.right));
    this.#axes.setAttribute("height", String(MARGIN.top + height + MARGIN.bottom));
    const notes = outputs.index.notes.map((note) => html("li", {}, note));
    this.element = html(
      "div",
      "nwv-enlarged",
      html("div", "nwv-enlarged-plot", this.#axes, this.#canvas),
      ...this.#key(),
      this.#spot,
      html("details", {}, html("summary", {}, "About the probe"), html("ul", {}, ...notes)),
    );
    this.#listen();
  }

  /** What the picture is of, in words. */
  #about(): string {
    const { kind, yWords, x, y } = this.#picture;
    const of = this.#outputs.targetWords(kind === "prediction");
    const range = ([low, high]: Range) => `${formatValue(low)} to ${formatValue(high)}`;
    if (kind === "heat") return `outputs by ${this.#steps} and item, items in the order of their ${of}`;
    return `${yWords} (${range(y)}) over ${of} (${range(x)})`;
  }

  get #steps(): string {
    return this.#outputs.group(this.#picture.group).how === "calls" ? "call" : "time step";
  }

  #key(): HTMLElement[] {
    const { nItems, nTrain } = this.#outputs;
    if (this.#picture.kind === "heat" || nTrain === nItems) return [];
    const [train, test] = [`■ training ${nTrain}`, `■ test ${nItems - nTrain}`];
    return [html("div", "nwv-reading-entry", train, " ", html("span", "nwv-key-test", test))];
  }

  draw(row: number, tools: Brush, pointed: Pointed): void {
    this.#row = row;
    this.#pointed = pointed;
    const brush = this.#canvas.getContext("2d", { willReadFrequently: true })!;
    const { width, height } = this.#canvas;
    brush.clearRect(0, 0, width, height);
    const { heat, inks } = tools;
    this.#drawAxes(inks);
    if (row >= 0) {
      const image = brush.createImageData(width, height);
      const dot = 3 * FINE;
      const plot = { width, height, pixels: new Uint32Array(image.data.buffer) };
      this.#picture.draw(plot, row, { inks, heat, dot });
      brush.putImageData(image, 0, 0);
      const place = pointed && this.#picture.placeOf(plot, row, pointed.item, dot);
      if (place) drawMark(brush, { ...place, width, radius: 1.5 * dot }, inks, FINE);
    }
    this.#spot.textContent = this.#words();
  }

  #words(): string {
    if (this.#row < 0) return "No outputs at this checkpoint.";
    const pointed = this.#pointed;
    if (pointed) return this.#picture.words(this.#row, pointed.item, pointed.position);
    return `Point at ${this.#picture.kind === "heat" ? "a row" : "a dot"} for its item: it is marked in all pictures.`;
  }

  #drawAxes({ palette, paper }: Brush["inks"]): void {
    const { width, height } = this.#size;
    const { left, top } = MARGIN;
    const { kind, x, y, domain, yWords } = this.#picture;
    const words = (text: string, at: { x: number; y: number; anchor?: string }) =>
      svg("text", { x: at.x, y: at.y, "text-anchor": at.anchor ?? "middle" }, text);
    const shown: SVGElement[] = [
      svg("rect", { x: left - 0.5, y: top - 0.5, width: width + 1, height: height + 1 }),
    ];
    const tickX = (at: number, text: string) =>
      shown.push(
        svg("line", { x1: at, x2: at, y1: top + height, y2: top + height + 4 }),
        words(text, { x: at, y: top + height + 14 }),
      );
    const { positions, n_positions } = this.#outputs.group(this.#picture.group);
    const of = this.#outputs.targetWords(kind === "prediction");
    const bottom = top + height + 28;
    if (kind === "heat") {
      const first = positions[0] + 1;
      const last = (positions.at(-1) ?? 0) + 1;
      tickX(left + width / positions.length / 2, String(first));
      tickX(left + width - width / positions.length / 2, String(last));
      const few = positions.length < n_positions ? ` (${positions.length} of ${n_positions})` : "";
      shown.push(words(`${this.#steps}${few}`, { x: left + width / 2, y: bottom }));
      const side = { x: left - 5, anchor: "end" };
      shown.push(words("low", { ...side, y: top + 9 }), words("high", { ...side, y: top + height - 2 }));
      shown.push(this.#upright(this.#outputs.hasTargets ? `items by ${of}` : "items"));
      const bar = left + width + 8;
      for (let i = 0; i < 40; i++) {
        const fill = rgba(shade(palette, 1 - (i + 0.5) / 20, true, paper), 1);
        const style = `fill:${fill};stroke:none`;
        const tall = height / 40;
        shown.push(svg("rect", { x: bar, y: top + i * tall, width: 8, height: tall + 0.5, style }));
      }
      for (const [share, value] of [
        [0, domain],
        [0.5, 0],
        [1, -domain],
      ]) {
        const text = formatValue(Number(value.toPrecision(2)));
        shown.push(words(text, { x: bar + 11, y: top + share * (height - 8) + 8, anchor: "start" }));
      }
    } else {
      const isOfClasses = this.#outputs.isOfClasses && this.#outputs.hasTargets;
      for (const value of ticks(x[0], x[1], 4))
        if (!isOfClasses || Number.isInteger(value))
          tickX(
            left + FINE + ((value - x[0]) / (x[1] - x[0])) * (width - 2 * FINE),
            this.#outputs.targetName(value),
          );
      for (const value of ticks(y[0], y[1], 4)) {
        const at = top + height - FINE - ((value - y[0]) / (y[1] - y[0])) * (height - 2 * FINE);
        shown.push(svg("line", { x1: left - 4, x2: left, y1: at, y2: at }));
        shown.push(words(formatValue(value), { x: left - 6, y: at + 3.5, anchor: "end" }));
      }
      shown.push(words(of, { x: left + width / 2, y: bottom }), this.#upright(yWords));
    }
    this.#axes.replaceChildren(...shown);
  }

  /** The name of the vertical axis. */
  #upright(text: string): SVGElement {
    const at = `translate(9 ${MARGIN.top + this.#size.height / 2}) rotate(-90)`;
    return svg("text", { transform: at, "text-anchor": "middle" }, text);
  }

  #listen(): void {
    const point = ({ clientX, clientY }: PointerEvent): void => {
      if (this.#row < 0) return;
      const box = this.#canvas.getBoundingClientRect();
      const found = this.#picture.at(this.#size, this.#row, clientX - box.left, clientY - box.top, 3);
      this.#point(found.item < 0 ? null : found);
    };
    hear(this.#canvas, {
      pointermove: point,
      pointerdown: point,
      pointerleave: () => this.#point(null),
      blur: () => this.#point(null),
      keydown: (event) => this.#onKey(event),
    });
  }

  /** Arrows go from item to item in the order of their targets; sideways, from position to position. */
  #onKey(event: KeyboardEvent): void {
    const steps: Record<string, [item: number, position: number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const step = steps[event.key];
    if (!step || this.#row < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const { group, kind } = this.#picture;
    const { rows, positions } = this.#outputs.group(group);
    const items = rows ?? this.#outputs.byTarget();
    const by = kind === "heat" ? step : [step[0] || step[1], 0];
    const inside = (at: number, n: number) => Math.max(0, Math.min(n - 1, at));
    const at = this.#pointed ? items.indexOf(this.#pointed.item) + by[0] : 0;
    const position = inside((this.#pointed?.position ?? 0) + by[1], positions.length);
    this.#point({ item: items[inside(at, items.length)], position });
  }
}
