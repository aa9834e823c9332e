// Weights read as binary digits by two thresholds, and their rows or columns as codes. Pure.
import type { Source } from "./paint";

/** As in the study of the 8-3-8 autoencoder: from `high` up a weight reads 0, below `low` it reads 1. */
export const [HIGH, LOW, BETWEEN, NO_NUMBER] = ["0", "1", "·", "?"];

export type Thresholds = readonly [low: number, high: number];

export function digitOf(value: number, [low, high]: Thresholds): string {
  if (!Number.isFinite(value)) return NO_NUMBER;
  return value >= high ? HIGH : value < low ? LOW : BETWEEN;
}

/** The code of every row (or column) of matrices with equally many rows, which stand beside each other. */
export function codesOf(
  sources: { source: Source; shape: number[] }[],
  thresholds: Thresholds,
  along: "rows" | "columns",
): string[] {
  const codes: string[] = [];
  for (const { source, shape } of sources) {
    const [nRows, nColumns] = shape;
    const { data, offset, rowStride, columnStride } = source;
    const digit = (row: number, column: number) =>
      digitOf(data[offset + row * rowStride + column * columnStride], thresholds);
    const [nCodes, nDigits] = along === "rows" ? [nRows, nColumns] : [nColumns, nRows];
    for (let code = 0; code < nCodes; code++) {
      let text = "";
      for (let i = 0; i < nDigits; i++) text += along === "rows" ? digit(code, i) : digit(i, code);
      if (along === "rows") codes[code] = (codes[code] ?? "") + text;
      else codes.push(text);
    }
  }
  return codes;
}

export interface CodeCount {
  n: number;
  /** Those without a digit that neither threshold reads. */
  nRead: number;
  /** Of those that are read. */
  nDifferent: number;
}

export function countCodes(codes: string[]): CodeCount {
  const read = codes.filter((code) => /^[01]+$/.test(code));
  return { n: codes.length, nRead: read.length, nDifferent: new Set(read).size };
}
