// How the entries behind a link are laid out as small pictures: a strip, a heat map, a row of slices. Pure.

/** What a picture may take: in all, and each of several slices. */
export interface Room {
  width: number;
  height: number;
  slice: number;
}

const KERNEL: Room = { width: 216, height: 96, slice: 62 };
const MOST_SLICES = 12;
const MOST_WRITTEN = 9; // entries whose values are written out
const MOST_INSIDE = 4; // columns of them that have room for their values
const WRITTEN = { width: 60, height: 24 }; // of a cell with its value, at most
const FRAME = 6; // of a slice, and the gap to the next

export interface Panes {
  slices: number;
  rows: number; // of each slice
  columns: number;
  shown: number; // slices that are drawn
  width: number; // of a slice, in CSS pixels: whole ones for each cell
  height: number;
  pixels: [number, number]; // of its image; fewer than cells if they are too many
  written: "inside" | "below" | null; // where the values stand as text
}

export function panesOf(rest: number[], most: Room = KERNEL): Panes {
  const columns = rest[rest.length - 1];
  const rows = rest.length > 1 ? rest[rest.length - 2] : 1;
  const slices = rest.slice(0, -2).reduce((a, b) => a * b, 1);
  const isFew = slices * rows * columns <= MOST_WRITTEN;
  const isInside = isFew && slices * columns <= MOST_INSIDE;
  const pixels: [number, number] = [Math.min(columns, most.width), Math.min(rows, most.height)];
  const largest = slices > 1 ? most.slice / Math.max(rows, columns) : rows > 1 ? 18 : 24;
  const fits = (room: number, n: number) => Math.max(1, Math.floor(Math.min(largest, room / n)));
  const cell = Math.min(fits(most.width, pixels[0]), rows > 1 ? fits(most.height, pixels[1]) : 24);
  const room = (most.width + FRAME - FRAME * slices) / (slices * columns);
  return {
    slices,
    rows,
    columns,
    shown: Math.min(slices, MOST_SLICES),
    width: isInside ? Math.min(WRITTEN.width, Math.floor(room)) * columns : cell * pixels[0],
    height: isInside ? WRITTEN.height * rows : rows > 1 ? cell * pixels[1] : 20,
    pixels,
    written: isInside ? "inside" : isFew ? "below" : null,
  };
}

/** Whether several entries share a pixel. */
export const isBinned = ({ rows, columns, pixels: [w, h] }: Panes): boolean => w < columns || h < rows;

/** The values of one slice by pixel; of entries that share one the strongest, and before all what is no number. */
export function slicePixels(values: ArrayLike<number>, panes: Panes, slice: number): Float64Array {
  const { rows, columns, pixels } = panes;
  const [w, h] = pixels;
  const image = new Float64Array(w * h);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const value = values[(slice * rows + row) * columns + column];
      const p = Math.floor((row * h) / rows) * w + Math.floor((column * w) / columns);
      if (!Number.isFinite(value) || Math.abs(value) > Math.abs(image[p])) image[p] = value;
    }
  return image;
}

/** "3 × 3 kernel", "12 time steps". */
export function shapeWords(rest: number[], name: string | null): string {
  if (rest.length === 1 && name) return `${rest[0]} ${name}s`;
  return `${rest.join(" × ")} ${name ? `${name}s` : rest.length === 1 ? "entries" : "kernel"}`;
}
