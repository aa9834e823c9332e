// Where pictures hang: the portraits of a layer's strongest units in its column, those of the others on a sheet beside
// it, and the image that they are portraits of. Pure.
import type { Place } from "./layout";
import type { Group } from "./network";
import type { Exhibit, Grid } from "./portraits";

const MOST_PORTRAITS = 20;
const MOST_SIDE = 54;
const LEAST_STEP = 20;
const IMAGE_SIDE = 168;
const CELL = { most: 30, least: 11 };
const SHEET = { width: 190, gap: 30 };
const APART = 3;

const nShown = (n: number): number => Math.min(MOST_PORTRAITS, n);

/** Rows of height that a column of portraits asks for. */
export const portraitRows = (group: Group): number => nShown(group.n_units);

/** Pixels that pictures need to the left of their column: half a portrait, the sheet, and half the image. */
export const PICTURE_GAP = MOST_SIDE / 2 + SHEET.gap + SHEET.width + 24 + IMAGE_SIDE / 2;
export const IMAGE_REACH = IMAGE_SIDE / 2;

export function placePortraits(place: Place, { ranked, grid }: Exhibit): void {
  const n = nShown(Math.min(ranked.length, Math.max(1, Math.floor(place.height / LEAST_STEP))));
  place.spacing = place.height / n;
  const aspect = (grid.channels * grid.columns) / grid.rows;
  const height = Math.min(MOST_SIDE, place.spacing * 0.9) / Math.max(1, aspect / 2);
  const width = height * aspect;
  place.unitY.fill(Number.NaN);
  place.halfWidth = width / 2;
  for (let rank = 0; rank < n; rank++) {
    const unit = ranked[rank];
    const y = place.top + (rank + 0.5) * place.spacing;
    place.unitY[unit] = y;
    place.pictures.push({ unit, x: place.x - width / 2, y: y - height / 2, width, height });
  }
  hangRest(place, ranked.subarray(n), aspect);
}

/** The weaker units, smaller, row by row on a sheet to the left. */
function hangRest(place: Place, rest: Int32Array, aspect: number): void {
  if (rest.length === 0) return;
  const room = Math.max(40, place.height - 16);
  const side = place.halfWidth * (2 / aspect);
  let cell = Math.min(CELL.most, side * 0.9 + APART); // height of a picture and the room about it
  const columnsOf = (side: number) => Math.ceil(rest.length / Math.max(1, Math.floor(room / side)));
  while (cell > CELL.least && columnsOf(cell) * cell * aspect > SHEET.width) cell -= 0.5;
  const [nRows, nColumns] = [Math.max(1, Math.floor(room / cell)), columnsOf(cell)];
  const fit = Math.min(1, SHEET.width / (nColumns * cell * aspect)); // of thousands, the pictures become dots
  const [stepX, stepY] = [cell * aspect * fit, cell];
  const size = Math.min(APART, stepX * 0.15);
  const left = place.x - place.halfWidth - SHEET.gap - nColumns * stepX;
  const top = place.top + place.height / 2 - (Math.min(nRows, rest.length) * stepY) / 2;
  rest.forEach((unit, i) => {
    const [column, row] = [Math.floor(i / nRows), i % nRows];
    const [x, y] = [left + column * stepX, top + row * stepY];
    place.pictures.push({ unit, x, y, width: stepX - size, height: (stepY - size) * fit });
  });
}

/** The image itself: its channels one below the other. */
export function placeImage(place: Place, { channels, rows, columns }: Grid): void {
  const room = (place.height - APART * (channels - 1)) / channels;
  const scale = Math.min(IMAGE_SIDE / columns, Math.max(20, room) / rows);
  const [width, height] = [columns * scale, rows * scale];
  const top = place.top + (place.height - channels * height - APART * (channels - 1)) / 2;
  for (let unit = 0; unit < channels; unit++)
    place.pictures.push({ unit, x: place.x - width / 2, y: top + unit * (height + APART), width, height });
  place.halfWidth = width / 2;
  place.unitY.fill(Number.NaN);
}
