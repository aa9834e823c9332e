// The reading of one link in several runs: their trajectories in one small chart, and each run's value by name.
import { html, svg } from "../dom";
import type { History } from "../history";
import { renumbered } from "../history/run";
import type { Shown } from "../history/shown";
import { type Bundle, linkEntries } from "../network";
import type { Options } from "../options";
import { exactly, type Reading } from "../panel/reading";
import { formatCount, formatValue } from "../scale";

const SIZE = { width: 190, height: 52, pad: 3 };
const MOST_ASKED = 4096; // entries behind a link that the kernel is asked for

/** One run's line in the chart. */
interface Line {
  run: History;
  dashes: string;
  values: Float64Array;
  isExact: boolean;
}

/** Along the chart: by step, or by number where steps are not known in all runs. */
function alongOf(runs: History[]): (run: History, k: number) => number {
  const isByStep = runs.every(({ steps }) => steps?.every((step) => step !== null));
  return (run, k) => (isByStep ? run.steps![k]! : k);
}

export class BesideReading implements Reading {
  readonly element = html("div", "nwv-beside-reading");
  readonly #lines: Line[];
  readonly #shown: History;
  readonly #head: () => number;

  constructor(
    [shown, ...others]: History[], // the first is the playhead's
    [bundle, target, source]: [Bundle, number, number],
    head: () => number, // its checkpoint
    options: Options,
  ) {
    this.#shown = shown;
    this.#head = head;
    const quantity = options.quantity === "against" ? "weights" : options.quantity;
    const what: Shown = { quantity, reference: options.reference };
    this.#lines = [shown, ...others].map((run) => ({
      run,
      dashes: `nwv-run-${(run.peers.indexOf(run) % 6) + 1}`,
      values: run.stored(bundle, target, source, quantity, options.reference),
      isExact: run.isExact,
    }));
    const entries = linkEntries(bundle, target, source);
    for (const line of this.#lines)
      if (!line.isExact && entries.length <= MOST_ASKED)
        exactly(line.run, bundle, entries, what).then(
          (values) => {
            Object.assign(line, { values, isExact: true });
            this.#draw();
          },
          () => {}, // without a kernel the stored values stay, marked ≈
        );
    this.#draw();
  }

  move = (): void => this.#draw();

  #draw(): void {
    const rows = this.#lines.map((line) => {
      const { run, dashes, values, isExact } = line;
      const k = renumbered(this.#head(), this.#shown.steps, run);
      const step = run.steps?.[k] ?? null;
      const swatch = svg("svg", { width: 26, height: 8, "aria-hidden": "true" });
      swatch.append(svg("path", { d: "M1,4H25", class: `nwv-spark-path ${dashes}` }));
      const value = Number.isNaN(values[k]) && !run.isHere(k) ? "with the kernel" : formatValue(values[k]);
      return html(
        "tr",
        {},
        html("td", {}, swatch),
        html("td", {}, run.name),
        html("td", "nwv-number", (isExact ? "" : "≈ ") + value),
        html("td", {}, step === null ? `checkpoint ${k + 1}` : `step ${formatCount(step)}`),
      );
    });
    this.element.replaceChildren(this.#chart(), html("table", {}, ...rows));
  }

  #chart(): SVGSVGElement {
    const { width, height, pad } = SIZE;
    const along = alongOf(this.#lines.map(({ run }) => run));
    const points = this.#lines.map(({ run, values }) =>
      Array.from(values, (value, k) => ({ at: along(run, k), value })),
    );
    const all = points
      .flat()
      .map(({ value }) => value)
      .filter(Number.isFinite);
    const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
    const places = points.flat().map(({ at }) => at);
    const [first, last] = [Math.min(...places), Math.max(...places)];
    const x = (at: number) => (pad + ((at - first) / (last - first || 1)) * (width - 2 * pad)).toFixed(1);
    const y = (value: number) => (pad + ((high - value) / (high - low || 1)) * (height - 2 * pad)).toFixed(1);
    const chart = svg("svg", { width, height, class: "nwv-sparkline", "aria-hidden": "true" });
    chart.append(svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "nwv-spark-zero" }));
    this.#lines.forEach(({ dashes }, i) => {
      let [path, pen] = ["", "M"];
      for (const { at, value } of points[i]) {
        if (Number.isFinite(value)) path += `${pen}${x(at)},${y(value)}`;
        pen = Number.isFinite(value) ? "L" : "M";
      }
      chart.append(svg("path", { d: path, class: `nwv-spark-path ${dashes}` }));
    });
    const head = x(along(this.#shown, this.#head()));
    chart.append(svg("line", { x1: head, x2: head, y1: 0, y2: height, class: "nwv-spark-head" }));
    return chart;
  }
}
