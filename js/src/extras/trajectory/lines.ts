// What is drawn: a line for each part or single weight of each run; how far they reach, and which is near a point. Pure.
import type { Entry } from "./sample";

export interface Line {
  part: number; // its colour: the number of what it belongs to
  run: number;
  values: Float64Array; // (n_checkpoints,), NaN in gaps
  /** What it is of, where it is of a single weight. */
  weight: Entry | null;
}

export interface Extent {
  low: number;
  high: number;
  nLeftOut: number; // values that a logarithmic axis has no place for
}

/** From the lowest to the highest value of lines; null if there is none. */
export function extentOf(lines: Line[], isLog: boolean): Extent | null {
  let [low, high, nLeftOut] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const { values } of lines)
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      if (isLog && value <= 0) nLeftOut++;
      else {
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  return high >= low ? { low, high, nLeftOut } : null;
}

const isSame = (a: Entry | null, b: Entry | null): boolean =>
  a === b || (a !== null && b !== null && a.entry === b.entry && a.parameter === b.parameter);

/** Whether two lines are of the same weight or part, perhaps in other runs. */
export const areAlike = (a: Line, b: Line): boolean => a.part === b.part && isSame(a.weight, b.weight);
