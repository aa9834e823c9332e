// The pixels of a matrix: the strongest of the weights that share one, and their colours. Pure: knows arrays, no canvas.
import type { Slots } from "./place";

/** Entries of an array as rows and columns. */
export interface Source {
  data: ArrayLike<number>;
  offset: number;
  rowStride: number;
  columnStride: number;
}

export const valueAt = (
  { data, offset, rowStride, columnStride }: Source,
  row: number,
  column: number,
): number => data[offset + row * rowStride + column * columnStride];

/**
 * What each slot of rows and columns shows of a source whose columns are `first` to before `last` among all, with the
 * sign of the weight: the strongest, and before all NaN and infinities. Written to `out`, (rows, all columns).
 */
export function strongest(
  { data, offset, rowStride, columnStride }: Source,
  rows: Slots,
  columns: Slots,
  [first, last]: [number, number],
  out: Float32Array,
): void {
  const nColumns = columns.first.length;
  const sizes = new Float64Array(nColumns);
  let [from, to] = [0, nColumns];
  while (from < to && columns.first[from] < first) from++;
  while (from < to && columns.last[to - 1] > last) to--;
  for (let r = 0; r < rows.first.length; r++) {
    const base = r * nColumns;
    sizes.fill(-1);
    for (let row = rows.first[r]; row < rows.last[r]; row++) {
      const start = offset + row * rowStride - first * columnStride;
      for (let c = from; c < to; c++) {
        let best = out[base + c];
        let most = sizes[c];
        for (let column = columns.first[c]; column < columns.last[c]; column++) {
          const value = data[start + column * columnStride];
          const size = value - value === 0 ? Math.abs(value) : Infinity; // also of NaN
          if (size <= most) continue;
          most = size;
          best = value;
        }
        out[base + c] = best;
        sizes[c] = most;
      }
    }
  }
}

/** How a value gets its colour, as a pixel. */
export type Ink = (value: number) => number;

/** The colours of slots on `width` by `height` pixels; 0 where nothing is. */
export function spread(
  values: Float32Array,
  rows: Slots,
  columns: Slots,
  inks: (Ink | null)[], // by column slot; null where nothing is to be seen
  pixels: Uint32Array,
): void {
  const [height, width, nColumns] = [rows.of.length, columns.of.length, columns.first.length];
  const colours = new Uint32Array(nColumns);
  let shown = -1;
  for (let y = 0; y < height; y++) {
    const row = rows.of[y];
    if (row < 0) continue;
    const at = y * width;
    if (row === shown && rows.of[y - 1] === row) {
      pixels.copyWithin(at, at - width, at);
      continue;
    }
    shown = row;
    for (let c = 0; c < nColumns; c++) colours[c] = inks[c]?.(values[row * nColumns + c]) ?? 0;
    for (let x = 0; x < width; x++) {
      const slot = columns.of[x];
      if (slot >= 0) pixels[at + x] = colours[slot];
    }
  }
}

export interface Tally {
  nOdd: number;
  nBeyond: number;
  low: number;
  high: number;
  /** Row and column of the strongest finite entry; -1 where there is none. */
  strongest: [row: number, column: number];
}

/** How many of a source's entries are no numbers, or beyond the domain, and how far they reach. */
export function tally(
  { data, offset, rowStride, columnStride }: Source,
  [nRows, nColumns]: number[],
  domain: number,
): Tally {
  let [nOdd, nBeyond, low, high] = [0, 0, Infinity, -Infinity];
  let [most, best] = [-1, -1];
  for (let row = 0; row < nRows; row++) {
    let at = offset + row * rowStride;
    for (let column = 0; column < nColumns; column++, at += columnStride) {
      const value = data[at];
      if (value - value !== 0) {
        nOdd++;
        continue;
      }
      if (value < low) low = value;
      if (value > high) high = value;
      const size = Math.abs(value);
      if (size > domain) nBeyond++;
      if (size > most) {
        most = size;
        best = row * nColumns + column;
      }
    }
  }
  const where: [number, number] = best < 0 ? [-1, -1] : [Math.floor(best / nColumns), best % nColumns];
  return { nOdd, nBeyond, low, high, strongest: where };
}
