// How large parameters are and how far they have moved at each checkpoint, and the same of whole blocks of them.
// The twin of summaries.py, which computes them.
import type { BlockEntry } from "./blocks";

export type Quantity = "norm" | "update_norm" | "n_odd";

/** Whether a block is of summaries: they are of all parameters together. */
export const isSummary = (entry: BlockEntry): boolean => entry.name === "*";

export class Summaries {
  #columns = new Map<string, number>(); // parameter -> its place in a row
  readonly #rows = new Map<string, Float32Array[]>(); // quantity -> by checkpoint, (n_parameters,)

  /** Name the parameters in the order in which their numbers come. */
  begin(parameters: string[]): void {
    this.#columns = new Map(parameters.map((name, i) => [name, i]));
    this.#rows.clear();
  }

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** Take in a decoded block, (stop - start, n_parameters). */
  place(entry: BlockEntry, values: Float32Array): void {
    const rows = this.#rows.get(entry.quantity) ?? [];
    this.#rows.set(entry.quantity, rows);
    const n = entry.dims[0];
    for (let k = entry.start; k < entry.stop; k++)
      rows[k] = values.subarray((k - entry.start) * n, (k - entry.start + 1) * n);
  }

  /**
   * One number a checkpoint for some parameters (or all) together: the root of the sum of the squares of their norms, or how
   * many of their entries are odd. Parameters that a checkpoint lacks are left out; NaN where it lacks all.
   */
  over(quantity: Quantity, parameters: Iterable<string> = this.#columns.keys()): Float64Array {
    const columns = [...parameters].flatMap((name) => this.#columns.get(name) ?? []);
    const rows = this.#rows.get(quantity) ?? [];
    return Float64Array.from({ length: rows.length }, (_, k) => {
      const there = columns.filter(
        (column) => this.#isThere(k, column) && (quantity !== "update_norm" || this.#isThere(k - 1, column)),
      );
      if (there.length === 0) return Number.NaN;
      const values = there.map((column) => rows[k][column]);
      return quantity === "n_odd" ? values.reduce((n, value) => n + value, 0) : Math.hypot(...values);
    });
  }

  /** What a checkpoint lacks has no number of odd entries either. */
  #isThere(k: number, column: number): boolean {
    return (this.#rows.get("n_odd")?.[k]?.[column] ?? -1) >= 0;
  }
}
