// The numbers of an overview: one a parameter and checkpoint, the range they share, and their lines. Pure.
import type { History } from "../../history";
import type { Options } from "../../options";
import type { Spectrum } from "../spectra/spectrum";

export type Measure = Options["overview"];

/** Of a parameter at all checkpoints; NaN where it has none. */
export function seriesOf(
  history: History,
  measure: Measure,
  name: string,
  known: Map<string, Spectrum>,
): ArrayLike<number> {
  const { summaries } = history;
  if (measure === "stable_rank") return known.get(name)?.rank("stable") ?? [];
  if (measure !== "update_ratio") return summaries.over(measure, [name]);
  const norms = summaries.over("norm", [name]);
  return summaries.over("update_norm", [name]).map((update, k) => {
    const before = norms[k - 1];
    return before > 0 ? update / before : Number.NaN;
  });
}

export type Range = [low: number, high: number];

/** The finite values of some series: from 0, or from the smallest positive one where they are seen by their logarithms. */
export function rangeOf(series: Iterable<ArrayLike<number>>, isLog: boolean): Range | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const values of series)
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  return high >= low ? [low, high] : null;
}

/** Where a value lies in a range, 0 to 1; NaN if it has no place there. */
export function shareOf(value: number, [low, high]: Range, isLog: boolean): number {
  if (!Number.isFinite(value) || (isLog && value <= 0)) return Number.NaN;
  if (high === low) return 1;
  const into = isLog ? Math.log : (x: number) => x;
  return (into(value) - into(low)) / (into(high) - into(low));
}

/** A line in a box of 100 by 24 from the lowest to the highest of its values, with gaps; a flat one lies in the middle. */
export function lineOf(values: ArrayLike<number>, shares: number[], isLog: boolean): string {
  const range = rangeOf([values], isLog);
  if (!range) return "";
  let path = "";
  let isDrawing = false;
  for (let k = 0; k < values.length; k++) {
    const share = range[0] === range[1] ? 0.5 : shareOf(values[k], range, isLog);
    if (!Number.isFinite(share) || !Number.isFinite(values[k])) {
      isDrawing = false;
      continue;
    }
    const point = `${(100 * shares[k]).toFixed(1)} ${(22 - 20 * share).toFixed(1)}`;
    path += isDrawing ? `L${point}` : `M${point}h0`;
    isDrawing = true;
  }
  return path;
}
