// Stable, effective and numerical rank over time, a line for each matrix; runs are told apart by dashes.
import { html, svg } from "../../dom";
import type { History } from "../../history";
import { formatCount, formatValue, rgba } from "../../scale";
import type { Box } from "../axes";
import { dashesOf, hueOf, swatch } from "../hues";
import type { Part } from "../parts";
import { BOTTOM_PX, type Board, LEFT_PX, type Panel, type Reading, TimePlot } from "./board";
import { spectraOf } from "./found";
import { RANKS, type Rank, type Spectrum, spanOf } from "./spectrum";

const MOST_KEYS = 24;

interface Line {
  part: Part;
  number: number;
  run: number;
  history: History;
  spectrum: Spectrum;
  values: Record<Rank, Float32Array>;
}

export class RanksPanel implements Panel {
  readonly #board: Board;
  readonly #parts: Part[];
  #lines: Line[] = [];
  #plots: [Rank, TimePlot][] = [];

  constructor(board: Board, parts: Part[]) {
    this.#board = board;
    this.#parts = parts;
  }

  wish() {
    return { names: this.#parts.map(({ name }) => name), correlation: false };
  }

  #hue(number: number) {
    return hueOf(number, this.#parts.length, this.#board.context.isDark());
  }

  #read(): Line[] {
    const { histories, model } = this.#board.context;
    return histories.flatMap((history, run) => {
      const { known } = spectraOf(model, history);
      return this.#parts.flatMap((part, number) => {
        const spectrum = known.get(part.name);
        if (!spectrum) return [];
        const values = Object.fromEntries(RANKS.map((rank) => [rank, spectrum.rank(rank)]));
        return [{ part, number, run, history, spectrum, values: values as Line["values"] }];
      });
    });
  }

  draw(): void {
    const board = this.#board;
    const brush = board.begin();
    this.#lines = this.#read();
    this.#plots = [];
    if (this.#lines.length === 0) {
      const { width, height } = board.figure.size;
      board.say({ left: 0, right: width, top: 0, bottom: height }, board.whyNot(this.#parts[0].name));
      return;
    }
    this.#boxes().forEach((box, i) => {
      const rank = RANKS[i];
      const isLog = board.isLog("y");
      const domain = spanOf(
        this.#lines.map(({ values }) => values[rank]),
        isLog,
      );
      const plot = new TimePlot(board, box, domain, isLog, board.context.histories);
      plot.drawAxes("", board.isNarrow ? 3 : 6);
      board.add(svg("text", { class: "nwv-spectrum-title", x: box.left, y: box.top - 6 }, `${rank} rank`));
      for (const { number, run, history, values } of this.#lines) {
        brush.strokeStyle = rgba(this.#hue(number), 0.9);
        brush.lineWidth = 1.5;
        brush.setLineDash(dashesOf(run));
        plot.line(brush, values[rank], history);
      }
      brush.setLineDash([]);
      this.#plots.push([rank, plot]);
    });
    this.#writeKeys();
    this.frame();
  }

  #boxes(): Box[] {
    const { width, height } = this.#board.figure.size;
    const n = RANKS.length;
    if (this.#board.isNarrow) {
      const each = height / n;
      const box = (i: number) => ({
        left: 44,
        right: width - 8,
        top: i * each + 20,
        bottom: (i + 1) * each - 36,
      });
      return RANKS.map((_, i) => box(i));
    }
    const each = (width - 8) / n;
    return RANKS.map((_, i) => ({
      left: i * each + LEFT_PX - 12,
      right: (i + 1) * each - 6,
      top: 24,
      bottom: height - BOTTOM_PX,
    }));
  }

  #writeKeys(): void {
    const { keys } = this.#board.figure;
    const { histories } = this.#board.context;
    const key = (text: string, stroke: string, dashes: number[]) =>
      html("span", "nwv-spectrum-key", swatch(stroke, dashes), text);
    this.#parts.slice(0, MOST_KEYS).forEach(({ name }, number) => {
      keys.append(key(name, rgba(this.#hue(number), 1), []));
    });
    const more = this.#parts.length - MOST_KEYS;
    if (more > 0) keys.append(`and ${more} more, coloured by their depth`);
    if (histories[1])
      histories.forEach(({ called }, run) => {
        keys.append(key(called, "currentColor", dashesOf(run)));
      });
  }

  frame(): void {
    this.#board.mark(...this.#plots.map(([, plot]) => plot.playhead()));
  }

  read(x: number, y: number): Reading | null {
    for (const [rank, plot] of this.#plots) {
      if (!plot.has(x, y)) continue;
      const at = plot.nearest(x);
      const near = this.#lines.flatMap((line) => {
        const k = this.#nearest(line.history, plot, x, at);
        const value = line.values[rank][k];
        const away = Math.abs(plot.y(value) - y);
        return Number.isFinite(away) ? [{ line, k, value, away }] : [];
      });
      const first = near.sort((a, b) => a.away - b.away)[0];
      if (!first)
        return { x, y, text: `${this.#board.moment(at)} · not recorded, or not here yet`, checkpoint: at };
      const { part, spectrum, history } = first.line;
      const run = history.called && `${history.called} · `;
      const of =
        rank === "stable" || rank === "effective" ? formatValue(first.value) : formatCount(first.value);
      const text = `${run}${this.#board.moment(at)} · ${part.name}: ${rank} rank ${of} of at most ${formatCount(spectrum.nValues)}`;
      return { x, y, text, checkpoint: at };
    }
    return null;
  }

  /** The checkpoint of a run that lies nearest to a place. */
  #nearest(history: History, plot: TimePlot, x: number, own: number): number {
    if (history === this.#board.history) return own;
    let best = 0;
    for (let k = 1; k < history.nCheckpoints; k++)
      if (Math.abs(plot.at(history, k) - x) < Math.abs(plot.at(history, best) - x)) best = k;
    return best;
  }

  caption(): string {
    const n = this.#parts.length;
    const { spectra, context } = this.#board;
    const here = spectra.nKnown(this.wish().names);
    const left = this.#parts.filter(({ name }) => spectra.leftOut.includes(name)).length;
    const told = here < n ? `${here} of ${n}` : `${n}`;
    const why = left ? `, ${left} left out of this page: they would have taken too long` : "";
    const waits = here < n && spectra.hasKernel ? ", Python is computing the others" : "";
    const runs = context.histories[1] ? ` of ${context.histories.length} runs` : "";
    return `ranks of ${told} ${n === 1 ? "matrix" : "matrices"}${runs}${why}${waits} · each kind on its own scale · computed from the exact weights`;
  }

  summary(): string {
    const k = this.#board.context.clock.checkpoint;
    const own = this.#lines.filter(({ history }) => history === this.#board.history);
    const told = own.slice(0, 4).map(({ part, values, spectrum }) => {
      if (!spectrum.isThere(k)) return `${part.name}: none`;
      const [stable, effective, numerical] = RANKS.map((rank) => values[rank][k]);
      return `${part.name}: stable ${formatValue(stable)}, effective ${formatValue(effective)}, numerical ${numerical} of ${spectrum.nValues}`;
    });
    const more = own.length > 4 ? `; and ${own.length - 4} more` : "";
    return `Ranks at ${this.#board.moment(k)}. ${told.join("; ")}${more}.`;
  }
}
