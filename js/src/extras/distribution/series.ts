// What was counted of one part of one run, checkpoint by checkpoint: each is read when it is here, and once a question.
import type { History } from "../../history";
import type { Part } from "../parts";
import { type Bins, count, lengthOf, survey } from "./bins";
import { momentsOf, N_MOMENTS } from "./moments";

const [UNKNOWN, KNOWN, GAP] = [0, 1, 2];

/** Numbers of a checkpoint each, as long as a history that may grow. */
function longer<T extends Uint8Array | Uint32Array | Float64Array>(list: T, length: number): T {
  if (list.length >= length) return list;
  const grown = new (list.constructor as new (n: number) => T)(
    Math.max(length, Math.ceil(1.5 * list.length)),
  );
  grown.set(list);
  return grown;
}

export class Series {
  readonly history: History;
  readonly part: Part;
  /** What the weights of one of its parameters are divided by at a checkpoint. */
  readonly normAt: (k: number, parameter: string) => number;
  #state = new Uint8Array(0);
  #largest = new Float64Array(0);
  #odd = new Uint32Array(0);
  #total = new Uint32Array(0);
  #bins: Bins | null = null;
  #isCounted = new Uint8Array(0);
  #counts = new Uint32Array(0); // (n_checkpoints, n_bins + 2)
  #isMeasured = new Uint8Array(0);
  #moments = new Float64Array(0);
  #most: number | null = null;

  constructor(history: History, part: Part, normAt: Series["normAt"]) {
    this.history = history;
    this.part = part;
    this.normAt = normAt;
  }

  get n(): number {
    return this.history.nCheckpoints;
  }

  /** Of each piece. */
  norms(k: number): number[] {
    const { bundles, parameters } = this.part;
    const names = bundles?.map(({ parameter }) => parameter) ?? parameters;
    return names.map((name) => this.normAt(k, name));
  }

  /** Look at what has come since; the largest magnitude of all that was seen. */
  survey(): number {
    this.#state = longer(this.#state, this.n);
    this.#largest = longer(this.#largest, this.n);
    this.#odd = longer(this.#odd, this.n);
    this.#total = longer(this.#total, this.n);
    let most = 0;
    for (let k = 0; k < this.n; k++) {
      if (this.#state[k] === UNKNOWN) this.#look(k);
      most = Math.max(most, this.#largest[k]);
    }
    return most;
  }

  #look(k: number): void {
    const pieces = this.part.values(this.history, k);
    if (pieces) this.#state[k] = KNOWN;
    else if (this.history.isHere(k, "weights", 0)) this.#state[k] = GAP;
    if (!pieces) return;
    const norms = this.norms(k);
    const found = pieces.map((piece, i) => survey([piece], norms[i]));
    this.#largest[k] = Math.max(0, ...found.map(({ largest }) => largest));
    this.#odd[k] = found.reduce((sum, { odd }) => sum + odd, 0);
    this.#total[k] = lengthOf(pieces);
  }

  /** Count by bins what was not, or by others. */
  count(bins: Bins): void {
    const size = bins.n + 2;
    if (this.#bins !== bins) {
      this.#bins = bins;
      this.#isCounted = new Uint8Array(this.n);
      this.#counts = new Uint32Array(size * this.n);
    }
    this.#isCounted = longer(this.#isCounted, this.n);
    this.#counts = longer(this.#counts, size * this.n);
    for (let k = 0; k < this.n; k++) {
      if (this.#isCounted[k] || this.#state[k] !== KNOWN) continue;
      const pieces = this.part.values(this.history, k);
      if (!pieces) continue; // given back meanwhile
      const [norms, counts] = [this.norms(k), this.#counts.subarray(k * size, (k + 1) * size)];
      pieces.forEach((piece, i) => {
        count([piece], norms[i], bins, counts);
      });
      this.#isCounted[k] = 1;
      this.#most = null;
    }
  }

  /** Whether a checkpoint was looked at, and counted if it is to be. */
  isKnown(k: number, isToCount: boolean): boolean {
    return this.#state[k] === GAP || (isToCount ? this.#isCounted[k] === 1 : this.#state[k] === KNOWN);
  }

  /** Whether it has no such weights, so far as is known. */
  isGap(k: number): boolean {
    return this.#state[k] === GAP;
  }

  /** The counts of a checkpoint by bin, (n_bins,); null where it was not recorded, or is not here. */
  at(k: number): Uint32Array | null {
    if (!this.#bins || this.#isCounted[k] !== 1) return null;
    const first = k * (this.#bins.n + 2);
    return this.#counts.subarray(first + 1, first + 1 + this.#bins.n);
  }

  /** What of a checkpoint is in no bin, and how many weights it has. */
  outside(k: number): { below: number; above: number; odd: number; total: number } {
    const size = (this.#bins?.n ?? 0) + 2;
    const isThere = this.#isCounted[k] === 1;
    return {
      below: isThere ? this.#counts[k * size] : 0,
      above: isThere ? this.#counts[(k + 1) * size - 1] : 0,
      odd: this.#odd[k] ?? 0,
      total: this.#total[k] ?? 0,
    };
  }

  /** The largest count of any bin at any checkpoint. */
  get most(): number {
    if (this.#most !== null) return this.#most;
    this.#most = 0;
    for (let k = 0; k < this.n; k++) for (const c of this.at(k) ?? []) if (c > this.#most) this.#most = c;
    return this.#most;
  }

  /** Mean, variance, skewness, excess kurtosis and quantiles of a checkpoint; null as in `at`. */
  moments(k: number): Float64Array | null {
    if (this.#state[k] !== KNOWN) return null;
    this.#isMeasured = longer(this.#isMeasured, this.n);
    this.#moments = longer(this.#moments, this.n * N_MOMENTS);
    const of = this.#moments.subarray(k * N_MOMENTS, (k + 1) * N_MOMENTS);
    if (!this.#isMeasured[k]) {
      const pieces = this.part.values(this.history, k);
      if (!pieces) return null;
      const norms = this.norms(k);
      const isOne = norms.every((norm) => norm === norms[0]);
      const divided = () => pieces.map((piece, i) => piece.map((value) => value / norms[i]));
      of.set(isOne ? momentsOf(pieces, norms[0]) : momentsOf(divided(), 1));
      this.#isMeasured[k] = 1;
    }
    return of;
  }
}
