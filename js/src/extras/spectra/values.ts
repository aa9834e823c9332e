// Singular values of one matrix: each as a line over time, and those of the present checkpoint by rank beside them.
import { svg } from "../../dom";
import { formatCount, formatValue, rgba } from "../../scale";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import type { Part } from "../parts";
import { BOTTOM_PX, type Board, LEFT_PX, type Panel, type Reading, TimePlot } from "./board";
import { type Spectrum, someOf, spanOf } from "./spectrum";

/** Lines over time; of more singular values the largest ones have one, and others evenly. */
const MOST_LINES = 100;
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
const sigma = (rank: number): string =>
  `σ${[...String(rank + 1)].map((digit) => SUBSCRIPTS[Number(digit)]).join("")}`;

export class ValuesPanel implements Panel {
  readonly #board: Board;
  readonly #part: Part;
  #spectrum: Spectrum | null = null;
  #lines: number[] = []; // numbers of told singular values
  #time: TimePlot | null = null;
  #bars: { box: Box; x: Scale } | null = null;
  #drawnAt = -1;
  #now: SVGElement[] = [];
  /** The told singular value that is pointed out in both plots. */
  #marked: number | null = null;

  constructor(board: Board, part: Part) {
    this.#board = board;
    this.#part = part;
  }

  wish() {
    return { names: [this.#part.name], correlation: false };
  }

  draw(): void {
    const board = this.#board;
    const brush = board.begin();
    const { width, height } = board.figure.size;
    const spectrum = board.spectra.known.get(this.#part.name) ?? null;
    this.#spectrum = spectrum;
    this.#drawnAt = -1;
    this.#time = this.#bars = null;
    const whole = { left: LEFT_PX, top: 10, right: width - 8, bottom: height - BOTTOM_PX };
    if (!spectrum || spectrum.first < 0) {
      const [parameters, k] = [this.#part.parameters, board.context.clock.checkpoint];
      board.say(
        whole,
        spectrum ? `no spectrum: ${board.whyMissing(parameters, k)}` : board.whyNot(this.#part.name),
      );
      return;
    }
    const isLog = board.isLog("y");
    const edges = Array.from({ length: spectrum.nCheckpoints }, (_, k) => spectrum.edge(k));
    this.#lines = someOf(spectrum.taken.length, MOST_LINES);
    const every = Array.from({ length: spectrum.nCheckpoints }, (_, k) => spectrum.at(k));
    const domain = spanOf([...every, edges], isLog);
    const half = (height - BOTTOM_PX) / 2;
    const [first, second]: Box[] = board.isNarrow
      ? [
          { ...whole, bottom: half - 26 },
          { ...whole, top: half + 22 },
        ]
      : [
          { ...whole, right: width * 0.58 },
          { ...whole, left: width * 0.58 + 26 },
        ];
    this.#time = new TimePlot(board, first, domain, isLog);
    this.#time.drawAxes("singular value");
    const hue = board.hue(this.#part.layer);
    const n = this.#lines.length;
    [...this.#lines].reverse().forEach((line, i) => {
      brush.strokeStyle = rgba(hue, 0.3 + (0.6 * (i + 1)) / n);
      brush.lineWidth = line === 0 ? 1.8 : 1;
      this.#time!.line(brush, spectrum.over(line));
    });
    this.#drawEdges(spectrum, edges);
    this.#drawRanks(spectrum, second, domain, isLog);
    this.frame();
  }

  #drawEdges(spectrum: Spectrum, edges: number[]): void {
    const time = this.#time!;
    let path = "";
    edges.forEach((edge, k) => {
      const y = time.y(edge);
      if (!Number.isFinite(y)) return;
      const before = k > 0 && Number.isFinite(time.y(edges[k - 1]));
      path += `${before ? "L" : "M"}${time.at(this.#board.history, k).toFixed(1)} ${y.toFixed(1)}`;
    });
    const [x, y] = [time.box.right - 6, time.y(edges[spectrum.nCheckpoints - 1])];
    const words = "edge of random weights";
    this.#board.add(svg("path", { class: "nwv-spectrum-edge", d: path }));
    if (Number.isFinite(y))
      this.#board.add(svg("text", { class: "nwv-spectrum-label", x, y: y - 5, "text-anchor": "end" }, words));
  }

  #drawRanks(spectrum: Spectrum, box: Box, domain: [number, number], isLog: boolean): void {
    const x = scaleOf([0.5, spectrum.nValues + 0.5], [box.left, box.right]);
    const y = scaleOf(domain, [box.bottom, box.top], isLog);
    this.#bars = { box, x };
    const board = this.#board;
    const title = board.isNarrow ? "singular value" : "";
    const whole = { scale: x, title: "rank of the singular value", most: 5, format: formatCount };
    const ticks = board.isNarrow ? undefined : [];
    board.add(drawAxes(box, { ...whole, ticks: this.#rankTicks(x) }, { scale: y, title, ticks }));
    const initial = spectrum.first;
    const d = this.#steps(spectrum, initial, y);
    board.add(svg("path", { class: "nwv-spectrum-outline", d }));
    const edge = y(spectrum.edge(initial));
    const line = { x1: box.left, x2: box.right, y1: edge, y2: edge };
    board.add(svg("line", { class: "nwv-spectrum-edge nwv-spectrum-initial", ...line }));
    const at = { x: box.right - 4, y: edge + 13, "text-anchor": "end" };
    board.add(
      svg(
        "text",
        { class: "nwv-spectrum-label", ...at },
        `initial edge ${formatValue(spectrum.edge(initial))}`,
      ),
    );
  }

  #rankTicks(x: Scale): { value: number; text: string }[] {
    const n = Math.round(x.domain[1] - 0.5);
    const step = Math.max(
      1,
      [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((s) => n / s <= 6) ?? n,
    );
    const values = [1];
    for (let value = step; value <= n; value += step) if (value > 1) values.push(value);
    return values.map((value) => ({ value, text: formatCount(value) }));
  }

  /** The singular values of a checkpoint as steps, each as wide as the ranks up to the next one that is told. */
  #steps(spectrum: Spectrum, k: number, y: Scale): string {
    const { box, x } = this.#bars!;
    const values = spectrum.at(k);
    let path = "";
    spectrum.taken.forEach((rank, i) => {
      const height = y(values[i]);
      const top = Number.isFinite(height) ? Math.min(box.bottom, height) : box.bottom;
      const end = x((spectrum.taken[i + 1] ?? spectrum.nValues) + 0.5);
      path += `${i ? "L" : "M"}${x(rank + 0.5).toFixed(1)} ${top.toFixed(1)}H${end.toFixed(1)}`;
    });
    return path;
  }

  frame(): void {
    const [board, spectrum, time] = [this.#board, this.#spectrum, this.#time];
    if (!spectrum || !time || !this.#bars) return;
    const k = board.context.clock.checkpoint;
    if (k !== this.#drawnAt) {
      this.#drawnAt = k;
      this.#now = this.#drawNow(spectrum, k);
    }
    board.mark(...this.#now, time.playhead(), ...this.#marks(spectrum, k));
  }

  #drawNow(spectrum: Spectrum, k: number): SVGElement[] {
    const { box } = this.#bars!;
    const y = scaleOf([...this.#time!.y.domain], [box.bottom, box.top], this.#time!.y.isLog);
    if (!spectrum.isThere(k)) {
      const [x, at] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      const why =
        k < spectrum.nCheckpoints ? this.#board.whyMissing(this.#part.parameters, k) : "not computed yet";
      return [svg("text", { class: "nwv-spectrum-words", x, y: at, "text-anchor": "middle" }, why)];
    }
    const hue = this.#board.hue(this.#part.layer);
    const d = this.#steps(spectrum, k, y);
    const area = svg("path", {
      d: `${d}V${box.bottom}H${box.left}Z`,
      fill: rgba(hue, 0.28),
    });
    const line = svg("path", { d, fill: "none", stroke: rgba(hue, 1), "stroke-width": 1.3 });
    const edge = y(spectrum.edge(k));
    const { left, right } = box;
    const words = `edge of random weights ${formatValue(spectrum.edge(k))}`;
    return [
      area,
      line,
      svg("line", { class: "nwv-spectrum-edge", x1: left, x2: right, y1: edge, y2: edge }),
      svg("text", { class: "nwv-spectrum-label", x: right - 4, y: edge - 5, "text-anchor": "end" }, words),
    ];
  }

  /** Rings around the marked singular value in both plots. */
  #marks(spectrum: Spectrum, k: number): SVGElement[] {
    if (this.#marked === null || !spectrum.isThere(k)) return [];
    const y = this.#time!.y(spectrum.at(k)[this.#marked]);
    if (!Number.isFinite(y)) return [];
    const ring = (cx: number) => svg("circle", { cx, cy: Math.min(y, this.#time!.box.bottom), r: 4 });
    const { box, x } = this.#bars!;
    const lower = svg("circle", {
      cx: x(spectrum.taken[this.#marked] + 1),
      cy: this.#inBars(y, box),
      r: 4,
    });
    return [ring(this.#time!.at(this.#board.history, k)), lower];
  }

  /** The same height in the other box. */
  #inBars(y: number, box: Box): number {
    const from = this.#time!.box;
    return box.bottom + ((y - from.bottom) / (from.top - from.bottom)) * (box.top - box.bottom);
  }

  read(x: number, y: number): Reading | null {
    const [spectrum, time, bars] = [this.#spectrum, this.#time, this.#bars];
    if (!spectrum || !time || !bars) return null;
    if (time.has(x, y)) {
      const k = Math.min(time.nearest(x), spectrum.nCheckpoints - 1);
      const there = this.#lines.filter((line) => Number.isFinite(time.y(spectrum.at(k)[line])));
      if (there.length === 0) {
        const why = this.#board.whyMissing(this.#part.parameters, k);
        return { x, y, text: `${this.#board.moment(k)} · ${why}`, checkpoint: k };
      }
      const away = (line: number) => Math.abs(time.y(spectrum.at(k)[line]) - y);
      const line = there.reduce((best, other) => (away(other) < away(best) ? other : best));
      return { x, y, text: `${this.#board.moment(k)} · ${this.#words(spectrum, line, k)}`, checkpoint: k };
    }
    const { box } = bars;
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) return null;
    const line = this.#lineAt(spectrum, bars.x.at(x));
    return {
      x,
      y,
      text: this.#words(spectrum, line, this.#board.context.clock.checkpoint, true),
      checkpoint: null,
    };
  }

  #lineAt(spectrum: Spectrum, rank: number): number {
    const next = spectrum.taken.findIndex((taken) => taken + 1.5 > rank);
    return next < 0 ? spectrum.taken.length - 1 : next;
  }

  #words(spectrum: Spectrum, line: number, k: number, hasInitial = false): string {
    const name = sigma(spectrum.taken[line]);
    const value = spectrum.isThere(k) ? formatValue(spectrum.at(k)[line]) : "none";
    const initial = hasInitial ? `, at first ${formatValue(spectrum.at(spectrum.first)[line])}` : "";
    return `${name} = ${value}${initial}`;
  }

  press(x: number, y: number): void {
    const bars = this.#bars;
    if (!this.#spectrum || !bars || this.#time?.has(x, y)) return;
    const { box } = bars;
    if (x < box.left || x > box.right || y < box.top || y > box.bottom) return;
    const line = this.#lineAt(this.#spectrum, bars.x.at(x));
    this.#marked = line === this.#marked ? null : line;
    this.frame();
  }

  key(key: string): boolean {
    const by = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (!by || !this.#spectrum) return false;
    const last = this.#spectrum.taken.length - 1;
    this.#marked = this.#marked === null ? 0 : Math.max(0, Math.min(last, this.#marked + by));
    this.frame();
    const { box, x } = this.#bars!;
    const rank = x(this.#spectrum.taken[this.#marked] + 1);
    const k = this.#board.context.clock.checkpoint;
    this.#board.tell({
      x: rank,
      y: box.top + 40,
      text: this.#words(this.#spectrum, this.#marked, k, true),
      checkpoint: null,
    });
    return true;
  }

  caption(): string {
    const spectrum = this.#spectrum;
    const name = this.#part.name;
    if (!spectrum) return `singular values of ${name}: ${this.#board.whyNot(name)}`;
    const [rows, columns] = spectrum.shape;
    const told = spectrum.taken.length < spectrum.nValues ? `${spectrum.taken.length} of ` : "";
    const lines = this.#lines.length < spectrum.taken.length ? `, ${this.#lines.length} as lines` : "";
    const behind = spectrum.nCheckpoints < this.#board.history.nCheckpoints;
    const until = behind ? ` of the first ${spectrum.nCheckpoints} checkpoints` : "";
    const of = `${name} (${formatCount(rows)} × ${formatCount(columns)})`;
    return `${told}${spectrum.nValues} singular values of ${of}${lines}${until}${this.#board.isLog("y") ? " · logarithmic" : ""} · computed from the exact weights`;
  }

  summary(): string {
    const spectrum = this.#spectrum;
    const k = this.#board.context.clock.checkpoint;
    if (!spectrum?.isThere(k)) return `${this.caption()}.`;
    const [values, first] = [spectrum.at(k), spectrum.first];
    const { n, isAtLeast } = spectrum.above(k, spectrum.edge(k));
    const before = spectrum.above(first, spectrum.edge(first)).n;
    const above = `${isAtLeast ? "at least " : ""}${n} of ${spectrum.nValues}`;
    return (
      `Singular values of ${this.#part.name} at ${this.#board.moment(k)}: the largest ${formatValue(values[0])}, ` +
      `the smallest ${formatValue(values[values.length - 1])}; ${above} are above ${formatValue(spectrum.edge(k))}, the edge of random weights ` +
      `(at first ${before}). At first the largest was ${formatValue(spectrum.at(first)[0])}.`
    );
  }
}
