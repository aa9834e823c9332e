// How parameters changed: from blocks of their own, made of exact weights, or as sums of such updates.
// Subtracting rounded weights is for those who find nothing here.
import type { BlockEntry } from "../blocks";
import { type Bundle, evaluateBundle, isNorm, reduced } from "../network";
import type { Wanted } from "./requests";
import type { Series, Store } from "./store";

export type Quantity = "weights" | "difference" | "update" | "against";

/** The change of checkpoint `k` from checkpoint `before` (negative if there is none), which lies in `base`. */
export interface Change {
  k: number;
  before: number;
  quantity: Quantity;
  series: Series; // of the blocks that tell it
  base: Store;
}

type About = Pick<BlockEntry, "quantity"> & Partial<Pick<Wanted, "reference">>;

/** The series of a block, a request or a quantity; a difference is one per reference. */
export function seriesOf({ quantity, reference }: About): Series {
  return quantity === "difference" || quantity === "against" ? `${quantity}:${reference}` : quantity;
}

/** The checkpoints whose updates lead from one to the other. */
function* between(k: number, before: number): Iterable<number> {
  for (let j = Math.min(k, before) + 1; j <= Math.max(k, before); j++) yield j;
}

export class Changes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** The change of a parameter, or null if no block tells it. For reading only. */
  #read(name: string, change: Change): Float32Array | null {
    const { k, before, series } = change;
    const own = this.#store.read(series, name, k);
    if (own || !this.#isSummable(name, change)) return own;
    return this.#store.remember(series, name, k, () => this.#sum(name, k, before));
  }

  /** Whether blocks tell the change of a parameter. */
  has(name: string, change: Change): boolean {
    return this.#store.block(change.series, name, change.k) !== undefined || this.#isSummable(name, change);
  }

  /** Whether a parameter, and what its change is from, was recorded. */
  isRecorded(name: string, change: Change): boolean {
    const { k, before, quantity, base } = change;
    const isThere = (store: Store, at: number) => store.block("weights", name, at) !== undefined;
    if (quantity === "weights") return isThere(this.#store, k);
    return this.has(name, change) || (isThere(this.#store, k) && isThere(base, before));
  }

  /** Write a bundle's change, from blocks or by subtraction; false if neither can tell it. */
  write(bundle: Bundle, name: string, change: Change, out: Float32Array): boolean {
    const told = this.#read(name, change);
    if (told && !isNorm(bundle)) {
      evaluateBundle(bundle, told, 0, out);
      return true;
    }
    const now = this.#store.read("weights", name, change.k);
    // A norm's change needs the weights too; w - change is w(before) as exactly as the change is known.
    const then =
      told && now ? now.map((w, i) => w - told[i]) : change.base.read("weights", name, change.before);
    if (!now || !then) {
      out.fill(Number.NaN);
      return false;
    }
    const base = new Float32Array(out.length);
    evaluateBundle(bundle, now, 0, out);
    evaluateBundle(bundle, then, 0, base);
    for (let i = 0; i < out.length; i++) out[i] -= base[i];
    return true;
  }

  /** A link's value, or its change, from the parameter entries behind it; NaN where neither can be told. */
  link(bundle: Bundle, name: string, entries: number[], change: Change): number {
    const read = (series: Series, k: number, store = this.#store) =>
      entries.map((i) => store.readOne(series, name, k, i));
    const reduce = (values: number[]) => reduced(bundle, Float64Array.from(values));
    const { k, before, quantity, series, base } = change;
    const now = read("weights", k);
    if (quantity === "weights") return reduce(now);
    let told = this.#store.block(series, name, k) ? read(series, k) : null;
    if (!told && this.#isSummable(name, change)) {
      const updates = [...between(k, before)].map((j) => read("update", j));
      const sign = k < before ? -1 : 1;
      told = entries.map((_, e) => sign * updates.reduce((sum, update) => sum + update[e], 0));
    }
    if (told && !isNorm(bundle)) return reduce(told);
    return reduce(now) - reduce(told ? now.map((w, e) => w - told[e]) : read("weights", before, base));
  }

  /**
   * Whether the updates between two checkpoints tell their difference better than subtracting the weights does.
   * A value is within half a scale s, so its error is about s / sqrt(12), and independent errors add in squares: the
   * updates' s^2 over all steps against the s^2 of both weights.
   */
  #isSummable(name: string, { k, before, quantity }: Change): boolean {
    if (quantity !== "difference") return false;
    let squares = 0;
    for (const j of between(k, before)) {
      const update = this.#store.block("update", name, j);
      if (!update) return false;
      squares += update.entry.scale ** 2;
    }
    const [now, then] = [k, before].map((j) => this.#store.block("weights", name, j));
    return now !== undefined && then !== undefined && squares < now.entry.scale ** 2 + then.entry.scale ** 2;
  }

  #sum(name: string, k: number, before: number): Float32Array {
    const n = this.#store.block("weights", name, k)!.entry.dims.reduce((a, b) => a * b, 1);
    const sum = new Float32Array(n);
    const sign = k < before ? -1 : 1;
    for (const j of between(k, before)) {
      const update = this.#store.read("update", name, j)!;
      for (let i = 0; i < n; i++) sum[i] += sign * update[i];
    }
    return sum;
  }

  /** ||w(k) - w(k-1)|| over all of these parameters that both checkpoints have; NaN if it is none. */
  size(k: number, names: string[]): number {
    let sum = 0;
    let isKnown = false;
    for (const name of names) {
      const update = this.#store.read("update", name, k);
      const [before, now] = update
        ? [null, update]
        : [k - 1, k].map((j) => this.#store.read("weights", name, j));
      if (!now || !(update || before)) continue;
      isKnown = true;
      for (let i = 0; i < now.length; i++) sum += (now[i] - (before ? before[i] : 0)) ** 2;
    }
    return isKnown ? Math.sqrt(sum) : Number.NaN;
  }
}
