// One number a checkpoint of each part of a run: norm, update norm, update ratio, sparsity. The twin of Python's measures.
// Exactly, from the summaries, where parts are whole parameters; from weights where they are not, or are normalised.
import { valuesAt } from "../../blocks";
import type { History } from "../../history";
import { type Bundle, storedName } from "../../network";
import type { Options } from "../../options";
import type { Quantity } from "../../summaries";
import { layerOf, type Part, partsOf } from "../parts";

export type Measure = Exclude<Options["trajectory"], "weights">;
export type How = Pick<Options, "normalise" | "below">;

/** A measure of one part over time, (n_checkpoints,); NaN where it has none: not recorded, or of NaN and infinities. */
export interface Series {
  values: Float64Array;
  known: Uint8Array; // 1 where it is clear what the value is, or that there is none
  nUnknown: number;
}

/** Whether weights of some parameters at a checkpoint are here, or known not to have been recorded. */
export function areHere({ store, network }: History, parameters: string[], k: number): boolean {
  return parameters.every((name) => store.state("weights", storedName(network, name), k) === "known");
}

/** A parameter at a checkpoint, not kept for later; null where it is not recorded, or not here. For reading only. */
export function readOnce({ store, network }: History, parameter: string, k: number): Float32Array | null {
  const block = store.block("weights", storedName(network, parameter), k);
  return block ? valuesAt(block, k) : null;
}

/** Whether a measure is read off the summaries, which are always here. */
export const isSummed = (part: Part, measure: Measure, { normalise }: How): boolean =>
  part.bundles === null && measure !== "sparsity" && (measure === "norm" || normalise === "none");

export class Numbers {
  readonly #history: History;
  readonly #series = new Map<string, Series>();
  readonly #columns = new Map<string, { n: number; values: Float64Array }>();
  readonly #layers: Map<string, Part>;
  #revision: number;
  #nRows = 0; // of the summaries
  /** When to leave the rest for later, in milliseconds of `performance.now()`. */
  deadline = Number.POSITIVE_INFINITY;

  constructor(history: History) {
    this.#history = history;
    this.#revision = history.revision;
    const { network } = history;
    const all = [
      ...partsOf(network, { of: null, by: "layer" }),
      ...partsOf(network, { of: null, by: "all" }),
    ];
    this.#layers = new Map(all.map((part, i) => [i === all.length - 1 ? "all weights" : part.name, part]));
  }

  /** Look anew at what there is. */
  begin(): void {
    if (this.#revision !== this.#history.revision) {
      this.#series.clear();
      this.#columns.clear();
    }
    this.#revision = this.#history.revision;
    this.#nRows = this.#history.summaries.over("norm", []).length;
  }

  read(part: Part, measure: Measure, how: How): Series {
    const { nCheckpoints: n } = this.#history;
    const below = measure === "sparsity" ? how.below : "";
    const key = [measure, how.normalise, below, part.name, ...part.parameters].join("|");
    let series = this.#series.get(key);
    if (!series || series.values.length !== n) {
      const grown = { values: new Float64Array(n).fill(Number.NaN), known: new Uint8Array(n) };
      if (series) {
        grown.values.set(series.values.subarray(0, n));
        grown.known.set(series.known.subarray(0, n));
      }
      series = { ...grown, nUnknown: n };
      this.#series.set(key, series);
    }
    if (series.nUnknown > 0) this.#fill(series, part, measure, how);
    return series;
  }

  #fill(series: Series, part: Part, measure: Measure, how: How): void {
    let nUnknown = 0;
    for (let k = 0; k < series.values.length; k++) {
      if (series.known[k]) continue;
      const value = performance.now() < this.deadline ? this.#measure(part, measure, how, k) : undefined;
      if (value === undefined) nUnknown++;
      else {
        series.known[k] = 1;
        series.values[k] = Number.isFinite(value) ? value : Number.NaN;
      }
    }
    series.nUnknown = nUnknown;
  }

  /** Undefined where it is not known yet. */
  #measure(part: Part, measure: Measure, how: How, k: number): number | undefined {
    if (measure === "norm") return this.#size(part, how, k);
    if (measure === "sparsity") return this.#share(part, how, k);
    if (k === 0) return Number.NaN;
    const update = this.#update(part, how, k);
    if (measure === "update_norm" || update === undefined) return update;
    const before = this.#size(part, how, k - 1);
    if (before === undefined || !Number.isFinite(before)) return before;
    return before > 0 ? update / before : Number.NaN;
  }

  /** At how many checkpoints some of these parameters have NaN or infinities. */
  nOdd(parameters: string[]): number {
    const columns = parameters.map((name) => this.#column("n_odd", name));
    let n = 0;
    for (let k = 0; k < this.#nRows; k++) if (columns.some((column) => column[k] > 0)) n++;
    return n;
  }

  #column(quantity: Quantity, parameter: string): Float64Array {
    const key = `${quantity}|${parameter}`;
    const known = this.#columns.get(key);
    if (known?.n === this.#nRows) return known.values;
    const values = this.#history.summaries.over(quantity, [parameter]);
    this.#columns.set(key, { n: this.#nRows, values });
    return values;
  }

  /** The root of the sum of squares of parameters' numbers at a checkpoint, each divided by a norm. */
  #summed(quantity: Quantity, part: Part, how: How, k: number): number | undefined {
    if (k >= this.#nRows) return undefined;
    let squares = 0;
    for (const name of part.parameters) {
      const by = this.#divisor(how, layerOf(name), k);
      if (by === undefined) return undefined;
      squares += (this.#column(quantity, name)[k] / by) ** 2;
    }
    return Math.sqrt(squares);
  }

  /** What weights of a layer are divided by. */
  #divisor({ normalise, below }: How, layer: string, k: number): number | undefined {
    if (normalise === "none") return 1;
    const part = this.#layers.get(normalise === "total" ? "all weights" : layer)!;
    const norms = this.read(part, "norm", { normalise: "none", below });
    return norms.known[k] ? norms.values[k] : undefined;
  }

  /** The divisors of a layer's weights, (n_checkpoints,); NaN where they are not known. */
  divisors(how: How, layer: string): Float64Array {
    const { nCheckpoints } = this.#history;
    return Float64Array.from({ length: nCheckpoints }, (_, k) => this.#divisor(how, layer, k) ?? Number.NaN);
  }

  #size(part: Part, how: How, k: number): number | undefined {
    if (isSummed(part, "norm", how)) return this.#summed("norm", part, how, k);
    const pieces = this.#pieces(part, how, k);
    return pieces && rootOf(pieces.map(({ values, by }) => squaresOf(values, by)));
  }

  #update(part: Part, how: How, k: number): number | undefined {
    if (isSummed(part, "update_norm", how)) return this.#summed("update_norm", part, how, k);
    const [before, now] = [this.#pieces(part, how, k - 1), this.#pieces(part, how, k)];
    if (!before || !now) return undefined;
    if (before.length === 0 || now.length === 0) return Number.NaN;
    if (part.bundles && how.normalise === "none") {
      const updates = part.bundles.map((bundle) => this.#change(bundle, k));
      return rootOf(updates.map((values) => squaresOf(values, 1)));
    }
    return rootOf(now.map(({ values, by }, i) => squaresOf(values, by, before[i].values, before[i].by)));
  }

  /** From blocks of updates where there are some, which are of exact weights. */
  #change(bundle: Bundle, k: number): Float32Array {
    const out = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    this.#history.change(bundle, k, "update", 0, out);
    return out;
  }

  #share(part: Part, how: How, k: number): number | undefined {
    const pieces = this.#pieces(part, how, k);
    if (!pieces) return undefined;
    let [nSmall, nFinite] = [0, 0];
    for (const { values, by } of pieces) {
      for (let i = 0; i < values.length; i++) {
        const size = Math.abs(values[i]) / by;
        if (size <= how.below) nSmall++;
        if (size < Number.POSITIVE_INFINITY) nFinite++;
      }
    }
    return nFinite > 0 ? nSmall / nFinite : Number.NaN;
  }

  /** A part's weights at a checkpoint with their divisors; none where it was not recorded. */
  #pieces(part: Part, how: How, k: number): { values: Float32Array; by: number }[] | undefined {
    if (!areHere(this.#history, part.parameters, k)) return undefined;
    const pieces = part.values(this.#history, k) ?? [];
    const found = pieces.map((values, i) => {
      const layer = part.bundles ? part.layer : layerOf(part.parameters[i]);
      return { values, by: this.#divisor(how, layer, k) };
    });
    return found.every((piece): piece is { values: Float32Array; by: number } => piece.by !== undefined)
      ? found
      : undefined;
  }
}

function squaresOf(values: Float32Array, by: number, before?: Float32Array, beforeBy = 1): number {
  let sum = 0;
  if (before) for (let i = 0; i < values.length; i++) sum += (values[i] / by - before[i] / beforeBy) ** 2;
  else for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return before ? sum : sum / by ** 2;
}

/** The root of a sum of squares: of none NaN, for nothing was recorded. */
function rootOf(squares: number[]): number {
  if (squares.length === 0) return Number.NaN;
  return Math.sqrt(squares.reduce((a, b) => a + b, 0));
}
