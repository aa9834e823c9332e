// Which checkpoints stand for all. Pure.
import { bisectRight } from "../../ticks";

/** Some numbers below n, evenly, the first and the last among them. */
export function evenly(n: number, most: number): number[] {
  if (n <= most) return Array.from({ length: n }, (_, k) => k);
  return Array.from({ length: most }, (_, i) => Math.round((i * (n - 1)) / (most - 1)));
}

/** Those that the reader has named and there are, or some evenly. */
export function chosenOf(named: number[] | null, n: number, most: number): number[] {
  const there = [...new Set(named?.filter((k) => k < n))].sort((a, b) => a - b);
  return there.length > 0 ? there : evenly(n, most);
}

/** The place in a list of checkpoints of the one at or before k; -1 if k is before all. */
export const placeOf = (chosen: number[], k: number): number => bisectRight(chosen, k) - 1;
