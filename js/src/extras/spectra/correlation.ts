// Whether weights move together: their mean absolute correlation over the checkpoints by the distance of their layers,
// with an exponential decay fitted to it, and what independent weights would give.
import { html, svg } from "../../dom";
import { formatCount, formatValue } from "../../scale";
import type { CorrelationIndex } from "../../spectra";
import { drawAxes, type Scale, scaleOf } from "../axes";
import { BOTTOM_PX, type Board, LEFT_PX, type Panel, type Reading } from "./board";

const FEWEST_CHECKPOINTS = 3;

export class CorrelationPanel implements Panel {
  readonly #board: Board;
  #found: CorrelationIndex | null = null;
  #x: Scale | null = null;
  #y: Scale | null = null;

  constructor(board: Board) {
    this.#board = board;
  }

  wish() {
    return { names: [], correlation: true };
  }

  draw(): void {
    const board = this.#board;
    const { width, height } = board.figure.size;
    board.begin();
    const found = board.spectra.correlation;
    this.#found = found;
    const box = { left: LEFT_PX, top: 12, right: width - 10, bottom: height - BOTTOM_PX };
    if (!found) {
      board.say(box, this.#whyNot());
      return;
    }
    const values = found.mean_absolute.map((value) => value ?? Number.NaN);
    const last = Math.max(1, values.length - 1);
    const [isLog, low] = [board.isLog("y"), Math.min(found.chance, ...values.filter((value) => value > 0))];
    const x = scaleOf([-0.5, last + 0.5], [box.left, box.right]);
    const y = scaleOf(isLog ? [low / 1.5, 1] : [0, 1], [box.bottom, box.top], isLog);
    [this.#x, this.#y] = [x, y];
    const stride = Math.ceil((last + 1) / 12);
    const whole = values.map((_, d) => d).filter((d) => d % stride === 0);
    const ticks = whole.map((value) => ({ value, text: String(value) }));
    board.add(
      drawAxes(box, { scale: x, title: "distance of the layers", ticks }, { scale: y, title: "mean |r|" }),
    );
    const chance = y(found.chance);
    board.add(
      svg("line", { class: "nwv-spectrum-edge", x1: box.left, x2: box.right, y1: chance, y2: chance }),
      svg(
        "text",
        { class: "nwv-spectrum-label", x: box.right - 4, y: chance + 13, "text-anchor": "end" },
        `independent weights ${formatValue(found.chance)}`,
      ),
    );
    this.#drawDecay(found, last);
    values.forEach((value, d) => {
      if (!Number.isFinite(y(value))) return;
      const place = { cx: x(d), cy: y(value), r: 4.5 };
      board.add(svg("circle", { ...place, fill: "currentColor", "fill-opacity": 0.75 }));
    });
    board.figure.keys.append(html("span", {}, this.#fitWords(found)));
  }

  #drawDecay({ decay }: CorrelationIndex, last: number): void {
    if (!decay) return;
    const [x, y] = [this.#x!, this.#y!];
    const [atZero, length] = decay;
    const points = Array.from({ length: 101 }, (_, i) => {
      const d = (last * i) / 100;
      return [x(d), y(atZero * (length === null ? 1 : Math.exp(-d / length)))];
    });
    const d = points.map(([px, py], i) => `${i ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`).join("");
    this.#board.add(svg("path", { class: "nwv-spectrum-outline", d }));
  }

  /** The fit, and how much it is worth. */
  #fitWords({ decay, mean_absolute }: CorrelationIndex): string {
    const n = mean_absolute.filter((value) => value !== null).length;
    if (!decay)
      return n < 2
        ? "no decay is fitted: there are no two distances with weights that move"
        : "no decay is fitted: the correlations are not positive";
    const [atZero, length, r2] = decay;
    const rate = length === null ? "no decay" : `exp(−distance / ${formatValue(length)})`;
    const fit = `fit: |r| = ${formatValue(atZero)} · ${rate}, R² = ${formatValue(Number(r2.toFixed(3)))} over n = ${n} distances`;
    if (n === 2) return `${fit}; a line through two points always fits, so R² says nothing`;
    if (length !== null && length < 0) return `${fit}; correlation grows with distance: this is no decay`;
    return r2 < 0.5 ? `${fit}; an exponential describes these points badly` : fit;
  }

  #whyNot(): string {
    const { spectra, history } = this.#board;
    if (history.nCheckpoints < FEWEST_CHECKPOINTS)
      return `correlations over checkpoints take ${FEWEST_CHECKPOINTS} of them; there ${history.nCheckpoints === 1 ? "is one" : "are two"}`;
    if (spectra.error) return spectra.error;
    if (spectra.hasKernel) return "Python is computing the correlations";
    return "this page carries no correlations: they would have taken too long";
  }

  frame(): void {}

  read(x: number, y: number): Reading | null {
    const found = this.#found;
    if (!found || !this.#x || !this.#y) return null;
    const d = Math.round(this.#x.at(x));
    const value = found.mean_absolute[d];
    if (value == null || Math.abs(this.#x(d) - x) > 40) return null;
    const signed = found.mean[d];
    const text = `distance ${d}: mean |r| ${formatValue(value)}, mean r ${formatValue(signed ?? Number.NaN)}, over ${formatCount(found.n_pairs[d])} pairs of weights`;
    return { x, y, text, checkpoint: null };
  }

  caption(): string {
    const found = this.#found;
    if (!found) return this.#whyNot();
    const n = found.layers.length;
    const behind = found.n_checkpoints < this.#board.history.nCheckpoints ? "the first " : "";
    return `correlation of weights over ${behind}${found.n_checkpoints} checkpoints by the distance of their layers: ${n} ${n === 1 ? "layer" : "layers"}, at most ${formatCount(found.n_weights)} weights of each · weights that never change are left out`;
  }

  summary(): string {
    const found = this.#found;
    if (!found) return `${this.#whyNot()}.`;
    const told = found.mean_absolute
      .slice(0, 5)
      .map((value, d) => `${d}: ${value === null ? "none" : formatValue(value)}`);
    return `Mean absolute correlation of weights by the distance of their layers. ${told.join(", ")}. Independent weights: ${formatValue(found.chance)}. ${this.#fitWords(found)}.`;
  }
}
