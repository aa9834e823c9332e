// The pixels of a matrix: the strongest of the weights that share one, and their colours. Pure: knows arrays, no canvas.
import type { Slots } from "./place";

/** Entries of an array as rows and columns. */
export interface Source {
  data: Float32Array;
  offset: number;
  rowStride: number;
  columnStride: number;
  /** How many rows and columns share an entry, the strongest of theirs; one where there is nothing here. */
  shared?: [rows: number, columns: number];
}

const ALONE: [number, number] = [1, 1];

export const valueAt = (
  { data, offset, rowStride, columnStride, shared = ALONE }: Source,
  row: number,
  column: number,
): number =>
  data[offset + Math.floor(row / shared[0]) * rowStride + Math.floor(column / shared[1]) * columnStride];

/**
 * The entries of slots, of which each is that of `n` cells from `start` on: it belongs to the slot that has its first
 * cell. Where cells are larger than that, slots share an entry.
 */
export function entriesOf(slots: Slots, n: number, start: number): Slots {
  if (n === 1) return slots;
  const entry = (cell: number) => start + Math.ceil((cell - start) / n);
  const [first, last] = [slots.first.map(entry), slots.last.map(entry)];
  for (let i = 0; i < first.length; i++) {
    if (last[i] > first[i]) continue;
    first[i] = start + Math.floor((slots.first[i] - start) / n);
    last[i] = first[i] + 1;
  }
  return { of: slots.of, first, last };
}

const MAGNITUDE = 0x7fff_ffff; // all bits of a float32 but its sign: they grow with it, and are most of NaN and infinities
const INFINITE = 0x7f80_0000;
const SIGN = 0x8000_0000 | 0;

const bitsOf = ({ buffer, byteOffset, length }: Float32Array) => new Int32Array(buffer, byteOffset, length);

/**
 * What each slot of rows and columns shows of a source whose columns are `first` to before `last` among all, with the
 * sign of the weight: the strongest, and before all NaN and infinities. Written to `out`, (rows, all columns).
 */
export function strongest(
  { data, offset, rowStride, columnStride, shared = ALONE }: Source,
  rowSlots: Slots,
  columnSlots: Slots,
  [first, last]: [number, number],
  out: Float32Array,
): void {
  const bits = bitsOf(data);
  const nColumns = columnSlots.first.length;
  let [from, to] = [0, nColumns];
  while (from < to && columnSlots.first[from] < first) from++;
  while (from < to && columnSlots.last[to - 1] > last) to--;
  const rows = entriesOf(rowSlots, shared[0], 0);
  const columns = entriesOf(columnSlots, shared[1], first);
  const sizes = new Int32Array(nColumns);
  const best = new Int32Array(nColumns);
  for (let r = 0; r < rows.first.length; r++) {
    sizes.fill(-1);
    for (let row = rows.first[r]; row < rows.last[r]; row++) {
      const start = offset + row * rowStride - first * columnStride;
      for (let c = from; c < to; c++) {
        const stop = start + columns.last[c] * columnStride;
        let most = sizes[c];
        for (let at = start + columns.first[c] * columnStride; at < stop; at += columnStride) {
          const size = bits[at] & MAGNITUDE;
          if (size <= most) continue;
          most = size;
          best[c] = at;
        }
        sizes[c] = most;
      }
    }
    for (let c = from; c < to; c++) out[r * nColumns + c] = data[best[c]];
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
  const bits = bitsOf(data);
  const beyond = bitsOf(Float32Array.of(domain))[0];
  let [nOdd, nBeyond, most, best] = [0, 0, -1, -1];
  let [low, high, least] = [-1, -1, INFINITE]; // magnitudes: the largest of both signs, the smallest of all
  for (let row = 0; row < nRows; row++) {
    const start = offset + row * rowStride;
    for (let column = 0; column < nColumns; column++) {
      const value = bits[start + column * columnStride];
      const size = value & MAGNITUDE;
      if (size >= INFINITE) {
        nOdd++;
        continue;
      }
      if (size > beyond) nBeyond++;
      if (value > high) high = value;
      if ((value ^ SIGN) > low) low = value ^ SIGN;
      if (size < least) least = size;
      if (size <= most) continue;
      most = size;
      best = row * nColumns + column;
    }
  }
  const sizeOf = (size: number) => new Float32Array(Int32Array.of(size).buffer)[0];
  const where: [number, number] = best < 0 ? [-1, -1] : [Math.floor(best / nColumns), best % nColumns];
  return {
    nOdd,
    nBeyond,
    low: best < 0 ? Number.POSITIVE_INFINITY : low >= 0 ? -sizeOf(low) : sizeOf(least),
    high: best < 0 ? Number.NEGATIVE_INFINITY : high >= 0 ? sizeOf(high) : -sizeOf(least),
    strongest: where,
  };
}
