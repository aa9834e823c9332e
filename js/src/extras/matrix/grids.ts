// The rows of a matrix as images: on which grid, and where each image stands on the sheet. Pure.
import type { Network } from "../../network";
import { type Grid, gridOf } from "../../portraits";
import { Axis } from "./place";
import type { Piece } from "./sheet";
import { columnLine } from "./units";

/** The two factors of n that are closest to each other, the smaller one first. */
export function squarish(n: number): [rows: number, columns: number] {
  let rows = Math.floor(Math.sqrt(n));
  while (n % rows > 0) rows--;
  return [rows, n / rows];
}

/** How the entries of a row lie: as the source's units do, as a kernel, else as square as can be, which is a guess. */
export function gridOfRows(network: Network, { view }: Piece): Grid {
  const nColumns = view.shape[1];
  const { group, step } = columnLine(network, { view, title: "", isBias: false, first: 0 }, 0);
  const stated = group && step === 1 && group.n_units === nColumns ? gridOf(group) : null;
  if (stated) return stated;
  const [, channels = 1, ...kernel] = network.parameters[view.parameter];
  if (kernel.length > 0 && view.strides[1] === 1) {
    const columns = kernel[kernel.length - 1];
    return { channels, rows: nColumns / channels / columns, columns, isGuessed: false };
  }
  const [rows, columns] = squarish(nColumns);
  return { channels: 1, rows, columns, isGuessed: true };
}

const IMAGE_PX = { least: 84, most: 260 }; // the longer side of an image that is not zoomed
const ROW_OF = 4; // channels that stand in a row
const GAP = 12;
const WORDS_PX = 30; // of two lines below an image
const LEAST_WIDTH = 92; // of what an image and its words take

/** Images in rows, each with its channels side by side in as square a block as can be. */
export interface Sheets {
  nAcross: number;
  width: number; // of an image with its room
  height: number;
  image: { width: number; height: number };
  size: number; // of an entry, in CSS pixels
  channels: { across: number; gap: number };
  left: number;
  total: number; // the height of all
}

/** The largest images of which all are in sight; small ones where they are many. */
export function sheetsOf(n: number, grid: Grid, room: { width: number; height: number }, k: number): Sheets {
  let found = sheetsAt(n, grid, room.width, IMAGE_PX.least * k);
  for (let px = IMAGE_PX.least * k; px <= IMAGE_PX.most * k; px *= 1.1) {
    const larger = sheetsAt(n, grid, room.width, px);
    if (larger.total > room.height) break;
    found = larger;
  }
  return found;
}

function sheetsAt(n: number, { channels, rows, columns }: Grid, room: number, px: number): Sheets {
  const across = channels <= ROW_OF ? channels : Math.ceil(Math.sqrt(channels));
  const down = Math.ceil(channels / across);
  const gap = channels > 1 ? 2 : 0;
  const sides = [across * columns, down * rows];
  const longest = Math.max(...sides);
  const ideal = Math.min(px, room - GAP) / longest;
  const size = ideal >= 1 ? Math.floor(ideal) : ideal;
  const image = { width: sides[0] * size + (across - 1) * gap, height: sides[1] * size + (down - 1) * gap };
  const width = Math.max(LEAST_WIDTH, image.width) + GAP;
  const nAcross = Math.max(1, Math.min(n, Math.floor(room / width)));
  const height = image.height + WORDS_PX + GAP;
  const left = Math.max(0, (room - nAcross * width + GAP) / 2);
  const total = Math.ceil(n / nAcross) * height;
  return { nAcross, width, height, image, size, channels: { across, gap }, left, total };
}

/** The left top corner of an image, on the sheet. */
export const cornerOf = ({ nAcross, width, height, left }: Sheets, i: number): [x: number, y: number] => [
  left + (i % nAcross) * width,
  Math.floor(i / nAcross) * height + 4,
];

/** Where the pixels of a channel lie from the corner of its image. */
export function channelAxes(
  { size, channels: { across, gap } }: Sheets,
  { rows, columns }: Grid,
  channel: number,
): { rows: Axis; columns: Axis } {
  const [i, j] = [channel % across, Math.floor(channel / across)];
  return {
    rows: new Axis([{ first: 0, n: rows }], j * (rows * size + gap), size, 0),
    columns: new Axis([{ first: 0, n: columns }], i * (columns * size + gap), size, 0),
  };
}

/** The row of the matrix and the column of it at a place of the sheet; null between images. */
export function entryAt(
  sheets: Sheets,
  grid: Grid,
  n: number,
  [x, y]: [number, number],
): { row: number; column: number | null } | null {
  const [i, j] = [Math.floor((x - sheets.left) / sheets.width), Math.floor((y - 4) / sheets.height)];
  const row = j * sheets.nAcross + i;
  if (i < 0 || i >= sheets.nAcross || j < 0 || row >= n) return null;
  const [left, top] = cornerOf(sheets, row);
  for (let channel = 0; channel < grid.channels; channel++) {
    const { rows, columns } = channelAxes(sheets, grid, channel);
    const [r, c] = [rows.at(y - top), columns.at(x - left)];
    if (r >= 0 && c >= 0) return { row, column: (channel * grid.rows + r) * grid.columns + c };
  }
  return { row, column: null };
}
