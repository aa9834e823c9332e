// The spectrum of one weight matrix over the checkpoints, and what is read from it. Pure; the twin of spectrum.py.
import type { SpectrumPart } from "../../spectra";

/** As spectrum.NUMBERS orders them. */
export const RANKS = ["stable", "effective", "numerical"] as const;
export type Rank = (typeof RANKS)[number];
const N_NUMBERS = 4; // the ranks, and the standard deviation

export class Spectrum {
  readonly name: string;
  readonly shape: [rows: number, columns: number];
  /** Of all singular values, of which some may not be told. */
  readonly nValues: number;
  /** The told ones, by rank from 0. */
  readonly taken: number[];
  readonly nCheckpoints: number;
  readonly #numbers: Float32Array; // (n_checkpoints, 4)
  readonly #values: Float32Array; // (n_checkpoints, n_taken)

  constructor(part: SpectrumPart, numbers: Float32Array, values: Float32Array) {
    this.name = part.name;
    this.shape = part.shape;
    this.nValues = part.n_values;
    this.taken = part.taken ?? Array.from({ length: part.n_values }, (_, i) => i);
    this.nCheckpoints = numbers.length / N_NUMBERS;
    this.#numbers = numbers;
    this.#values = values;
  }

  /** The told singular values at a checkpoint, largest first; NaN where there is no spectrum. For reading only. */
  at(k: number): Float32Array {
    const n = this.taken.length;
    return this.#values.subarray(k * n, (k + 1) * n);
  }

  /** One told singular value at all checkpoints. */
  over(i: number): Float32Array {
    return Float32Array.from(
      { length: this.nCheckpoints },
      (_, k) => this.#values[k * this.taken.length + i],
    );
  }

  rank(which: Rank): Float32Array {
    const column = RANKS.indexOf(which);
    return Float32Array.from({ length: this.nCheckpoints }, (_, k) => this.#numbers[k * N_NUMBERS + column]);
  }

  isThere(k: number): boolean {
    return Number.isFinite(this.at(k)[0] ?? Number.NaN);
  }

  /** The first checkpoint that has a spectrum; -1 without. */
  get first(): number {
    for (let k = 0; k < this.nCheckpoints; k++) if (this.isThere(k)) return k;
    return -1;
  }

  /** The largest singular value of independent weights of the same standard deviation (Marchenko and Pastur, 1967). */
  edge(k: number): number {
    const [rows, columns] = this.shape;
    return this.#numbers[k * N_NUMBERS + 3] * (Math.sqrt(rows) + Math.sqrt(columns));
  }

  /** How many of the told singular values are above a number, and whether any that is not told might be. */
  above(k: number, edge: number): { n: number; isAtLeast: boolean } {
    let n = 0;
    for (const value of this.at(k)) if (value > edge) n++;
    const last = this.taken[n - 1] ?? -1;
    return { n: last + 1, isAtLeast: n > 0 && n < this.taken.length && this.taken[n] > last + 1 };
  }
}

/** About `most` of n things, by number: half of them the first, the others evenly, the last one too. */
export function someOf(n: number, most: number): number[] {
  if (n <= most) return Array.from({ length: n }, (_, i) => i);
  const first = most >> 1;
  const rest = most - first;
  const evenly = (i: number) => Math.round(first + ((n - 1 - first) * i) / (rest - 1));
  return Array.from({ length: most }, (_, i) => (i < first ? i : evenly(i - first)));
}

/** From the smallest to the largest finite number that can be drawn; a logarithmic axis ends seven decades below. */
export function spanOf(lists: Iterable<ArrayLike<number>>, isLog: boolean): [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const list of lists)
    for (let i = 0; i < list.length; i++) {
      const value = list[i];
      if (!Number.isFinite(value)) continue;
      if (value > high) high = value;
      if (value < low && value > 0) low = value;
    }
  if (!(high > 0)) return isLog ? [0.1, 1] : [0, 1];
  return isLog ? [Math.max(low, high * 1e-7) / 1.1, high * 1.1] : [0, high * 1.05];
}
