// Where pictures hang: the portraits of a layer's strongest units in its column, those of the others on a sheet beside
// it, and the image that they are portraits of. Pure.
import type { Picture, Place } from "./layout";
import type { Group } from "./network";
import type { Exhibit, Grid } from "./portraits";

const MOST_PORTRAITS = 20;
const MOST_SIDE = 54; // of a portrait
const MOST_WIDTH = 72; // of one with channels side by side
const LEAST_STEP = 16; // from one portrait's line to the next
const FILL = { one: 0.88, two: 0.85 }; // of the height that portraits share
const GUTTER = 30; // between two columns, and to the left of the first: for the units' numbers
const SHEET = { gap: 34, most: 30, least: 2 }; // and the sides of its pictures
const APART = 3;
const NEAR = { sheet: 24, portraits: 70 }; // from the image

const clamp = (low: number, value: number, high: number): number => Math.max(low, Math.min(high, value));
const nShown = (n: number): number => Math.min(MOST_PORTRAITS, n);
const aspectOf = ({ channels, columns, rows }: Grid): number => (channels * columns) / rows;

/** Rows of height that a column of portraits asks for. */
export const portraitRows = (group: Group): number => nShown(group.n_units);

/** Half the width of an image on a stage of this width. */
export const imageReach = (stageWidth: number): number => clamp(140, 0.19 * stageWidth, 250) / 2;

/** How wide a sheet may be. */
function sheetWidth(n: number, aspect: number, stageWidth: number): number {
  const rest = n - nShown(n);
  return Math.min(clamp(150, 0.2 * stageWidth, 300), Math.ceil(rest / 12) * SHEET.most * Math.max(1, aspect));
}

/** Pixels from the image's column to that of its portraits: half a column of these, the sheet, and half the image. */
export function pictureGap({ ranked, grid }: Exhibit, stageWidth: number): number {
  const aspect = aspectOf(grid);
  const half = Math.min(MOST_WIDTH, MOST_SIDE * aspect) + GUTTER / 2;
  const sheet = sheetWidth(ranked.length, aspect, stageWidth);
  return half + SHEET.gap + (sheet > 0 ? sheet + NEAR.sheet : NEAR.portraits) + imageReach(stageWidth);
}

/** A height that is whole pixels a row, if that costs little. */
function crisp(height: number, rows: number): number {
  const whole = rows * Math.floor(height / rows);
  return whole > 0.85 * height ? whole : height;
}

/** Portraits from top to bottom; where they would be small, left and right by turns, which makes them twice as large. */
export function placePortraits(place: Place, { ranked, grid }: Exhibit, stageWidth: number): void {
  const n = nShown(Math.min(ranked.length, Math.max(1, Math.floor(place.height / LEAST_STEP))));
  const aspect = aspectOf(grid);
  const most = Math.min(MOST_SIDE, MOST_WIDTH / aspect);
  const alone = Math.min(most, FILL.one * (place.height / n));
  const staggered = Math.min(most, (2 * FILL.two * place.height) / (n - 1 + 2 * FILL.two));
  const isStaggered = n > 2 && staggered > 1.2 * alone;
  const height = crisp(isStaggered ? staggered : alone, grid.rows);
  const width = height * aspect;
  place.spacing = isStaggered ? (place.height - height) / (n - 1) : place.height / n;
  place.halfWidth = isStaggered ? width + GUTTER / 2 : width / 2;
  place.unitY.fill(Number.NaN);
  const first = isStaggered ? place.top + height / 2 : place.top + place.spacing / 2;
  for (let rank = 0; rank < n; rank++) {
    const y = first + rank * place.spacing;
    const isRight = rank % 2 === 1 || !isStaggered;
    const x = isRight ? place.x + place.halfWidth - width : place.x - place.halfWidth;
    place.unitY[ranked[rank]] = y;
    const corner = { x: Math.round(x), y: Math.round(y - height / 2) };
    place.pictures.push({ unit: ranked[rank], ...corner, width, height });
  }
  const sheet = { width: sheetWidth(ranked.length, aspect, stageWidth), side: height, aspect };
  hangRest(place, ranked.subarray(n), sheet);
}

/** The weaker units, smaller, row by row on a sheet to the left; of thousands, the pictures become dots. */
function hangRest(
  place: Place,
  rest: Int32Array,
  { width, side, aspect }: { width: number; side: number; aspect: number },
): void {
  if (rest.length === 0) return;
  const room = Math.max(40, place.height - 16);
  const columnsOf = (cell: number) => Math.max(1, Math.floor(width / (cell * aspect)));
  const rowsOf = (cell: number) => Math.max(1, Math.floor(room / cell));
  let cell = Math.max(SHEET.least, Math.min(SHEET.most, 0.8 * side + APART)); // a picture and the room about it
  while (cell > SHEET.least && columnsOf(cell) * rowsOf(cell) < rest.length) cell -= 0.25;
  const nColumns = Math.max(1, Math.ceil(rest.length / rowsOf(cell)));
  const nRows = Math.ceil(rest.length / nColumns);
  const apart = Math.min(APART, 0.15 * cell);
  const left = place.x - place.halfWidth - SHEET.gap - nColumns * cell * aspect;
  const top = place.top + (place.height - nRows * cell) / 2;
  rest.forEach((unit, i) => {
    const [column, row] = [i % nColumns, Math.floor(i / nColumns)];
    const [x, y] = [left + column * cell * aspect, top + row * cell];
    place.pictures.push({ unit, x, y, width: cell * aspect - apart, height: cell - apart });
  });
}

/** The image itself: its channels one below the other. */
export function placeImage(place: Place, { channels, rows, columns }: Grid, stageWidth: number): void {
  const room = (place.height - APART * (channels - 1)) / channels;
  const scale = Math.min((2 * imageReach(stageWidth)) / columns, Math.max(20, room) / rows);
  const [width, height] = [columns * scale, rows * scale];
  const top = place.top + (place.height - channels * height - APART * (channels - 1)) / 2;
  for (let unit = 0; unit < channels; unit++)
    place.pictures.push({ unit, x: place.x - width / 2, y: top + unit * (height + APART), width, height });
  place.halfWidth = width / 2;
  place.unitY.fill(Number.NaN);
}

/** The part of the stage that a unit has: its picture, or its pixel of an image; null where it is drawn otherwise. */
export function boxOf({ pictures, form, grid }: Place, unit: number): Picture | null {
  if (form !== "image" || !grid) return pictures.find((picture) => picture.unit === unit) ?? null;
  const { rows, columns } = grid;
  const whole = pictures[Math.floor(unit / (rows * columns))];
  if (!whole) return null;
  const [width, height] = [whole.width / columns, whole.height / rows];
  const row = Math.floor(unit / columns) % rows;
  return { unit, x: whole.x + (unit % columns) * width, y: whole.y + row * height, width, height };
}

/** Where a unit is: the middle of its picture or pixel, or its mark in the column. */
export function centreOf(place: Place, unit: number): [x: number, y: number] {
  const box = boxOf(place, unit);
  return box ? [box.x + box.width / 2, box.y + box.height / 2] : [place.x, place.unitY[unit]];
}

/** Where a line leaves a portrait on the sheet, which has none until it is in focus. */
export function lineStart(place: Place, unit: number): [x: number, y: number] | null {
  const box = place.form === "portraits" ? boxOf(place, unit) : null;
  return box && Number.isNaN(place.unitY[unit]) ? [box.x + box.width, box.y + box.height / 2] : null;
}

/** Pictures on the sheet: their units have no lines. */
export const sheetOf = ({ pictures, unitY, form }: Place): Picture[] =>
  form === "portraits" ? pictures.filter(({ unit }) => Number.isNaN(unitY[unit])) : [];
