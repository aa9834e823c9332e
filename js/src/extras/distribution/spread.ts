// How the weights of all runs are spread: what is looked at, on which bins, and what of it is here.
import type { History } from "../../history";
import type { Network } from "../../network";
import type { Options } from "../../options";
import { layerOf, type Part, partsOf } from "../parts";
import { type Bins, binsOf, binsTo, isSame, N_BINS } from "./bins";
import { Series } from "./series";

/** Parts that are shown at a time; the others are told. */
export const MOST_PARTS = 12;
/** Weights, over all checkpoints of a run, that are asked of a kernel or looked at. */
const MOST_VALUES = 120e6;
/** How often a checkpoint that does not stay is asked for. */
const MOST_ASKED = 2;
const N_ASKED = 1; // at a time
const INNER = 0.99;

type Normalise = Options["normalise"];

export class Spread {
  readonly #network: Network;
  readonly #histories: History[];
  parts: Part[] = [];
  /** How many parts there are; those beyond `parts` are not shown. */
  nParts = 0;
  /** By run, then by part. */
  series: Series[][] = [];
  bins: Bins = binsTo(0);
  normalise: Normalise = "none";
  #isCounted = false;
  #key = "";
  #asked = new Map<string, number>();
  #norms = new Map<string, { n: number; values: Float64Array }>();

  constructor(network: Network, histories: History[]) {
    this.#network = network;
    this.#histories = histories;
  }

  /** Read what is new. `selected` is a parameter whose part is shown in any case. */
  update(options: Options, selected: string | null): void {
    const all = partsOf(this.#network, options);
    this.normalise = options.normalise;
    this.nParts = all.length;
    const parts = this.#shown(all, selected);
    const revisions = this.#histories.map(({ revision }) => revision);
    const key = JSON.stringify([parts.map(({ name }) => name), this.normalise, revisions]);
    if (key !== this.#key) {
      this.#key = key;
      this.parts = parts;
      this.#asked.clear();
      this.#norms.clear();
      this.series = this.#histories.map((history) => parts.map((part) => this.#series(history, part)));
    }
    const wanted = [...new Set(parts.flatMap(({ parameters }) => parameters))];
    for (const history of this.#histories) history.want(wanted);
    const series = this.series.flat();
    const largest = Math.max(0, ...series.map((one) => one.survey()));
    const bins = options.bins ? binsOf(...options.bins) : binsTo(largest);
    if (!isSame(this.bins, bins)) this.bins = bins;
    this.#isCounted = options.distribution !== "moments";
    if (this.#isCounted) for (const one of series) one.count(this.bins);
  }

  /** The first parts there is room for, and the one that holds what is selected. */
  #shown(all: Part[], selected: string | null): Part[] {
    const n = Math.max(1, ...this.#histories.map(({ nCheckpoints }) => nCheckpoints));
    let room = MOST_VALUES / n;
    const shown = all.filter(({ size }, i) => {
      room -= size;
      return i === 0 || (i < MOST_PARTS && room >= 0);
    });
    const own = all.find(({ parameters }) => selected !== null && parameters.includes(selected));
    return own && !shown.includes(own) ? [...shown.slice(0, -1), own] : shown;
  }

  #series(history: History, part: Part): Series {
    if (this.normalise === "none") return new Series(history, part, () => 1);
    const run = this.#histories.indexOf(history);
    return new Series(history, part, (k, parameter) => {
      const layer = this.normalise === "layer" ? layerOf(parameter) : null;
      const key = `${run}|${layer}`;
      let norms = this.#norms.get(key);
      if (!norms || norms.n !== history.nCheckpoints) {
        const all = Object.keys(this.#network.parameters);
        const names = all.filter((name) => layer === null || layerOf(name) === layer);
        norms = { n: history.nCheckpoints, values: history.summaries.over("norm", names) };
        this.#norms.set(key, norms);
      }
      return norms.values[k] ?? Number.NaN;
    });
  }

  /** Bins that leave out the hundredth of weights of a checkpoint that are largest, however far they lie; null without any. */
  inner(run: number, k: number): [number, number, number] | null {
    const sizes = this.series[run].flatMap((series) =>
      (series.part.values(series.history, k) ?? []).map((values, i) => {
        const norm = series.norms(k)[i];
        return values.map((value) => Math.abs(value) / norm).filter(Number.isFinite);
      }),
    );
    const sorted = new Float32Array(sizes.reduce((sum, { length }) => sum + length, 0));
    let n = 0;
    for (const some of sizes) {
      sorted.set(some, n);
      n += some.length;
    }
    const end = Number((sorted.sort()[Math.floor(INNER * (n - 1))] ?? 0).toPrecision(3));
    return end > 0 ? [-end, end, N_BINS] : null;
  }

  /** How many checkpoints of a run are known. */
  nKnown(run: number): number {
    const [series, n] = [this.series[run], this.#histories[run].nCheckpoints];
    let known = 0;
    for (let k = 0; k < n; k++) if (series.every((one) => one.isKnown(k, this.#isCounted))) known++;
    return known;
  }

  /** Ask the kernel for some checkpoints that are not here, those nearest to `k` first. */
  ask(k: number): void {
    for (const [run, history] of this.#histories.entries()) {
      const unknown = Array.from({ length: history.nCheckpoints }, (_, i) => i)
        .filter((i) => !this.series[run].every((one) => one.isKnown(i, this.#isCounted)))
        .filter((i) => (this.#asked.get(`${run}|${i}`) ?? 0) < MOST_ASKED)
        .sort((a, b) => Math.abs(a - k) - Math.abs(b - k));
      for (const i of unknown.slice(0, N_ASKED)) {
        if (history.isHere(i, "weights", 0)) continue;
        this.#asked.set(`${run}|${i}`, (this.#asked.get(`${run}|${i}`) ?? 0) + 1);
        history.isReady(i, "weights", 0);
      }
    }
  }
}
