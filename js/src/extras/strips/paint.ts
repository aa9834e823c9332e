// The pixels of strips, in the colours of links. Pure: knows arrays, no canvas.

import { mixRgb, type Palette, type Rgb, shade } from "../../scale";
import type { StripLinks } from "../../views/context";
import { pixelOf } from "../pixels";
import { MISSING, type Part, partsOf } from "./parts";
import type { Samples } from "./samples";

const N_SHADES = 128;
const TRACK = 0.14; // of the palette's zero in the paper: what a weight of zero shows
const LEAST_SEAMED = 4; // device pixels of a strip that has one left free below it

/** Colours of shares of the domain as pixels, (2 * N_SHADES + 1,) from -1 to 1. */
interface Table {
  signed: Uint32Array;
  unsigned: Uint32Array;
  odd: number;
}

/** What a weight of zero looks like: nearly the paper, so that a gap can be told from it. */
export const trackOf = (palette: Palette, paper: Rgb): Rgb => mixRgb(paper, palette.zero, TRACK);

export function tableOf(palette: Palette, paper: Rgb): Table {
  const track = trackOf(palette, paper);
  const colours = (signed: boolean) =>
    Uint32Array.from({ length: 2 * N_SHADES + 1 }, (_, i) =>
      pixelOf(shade(palette, i / N_SHADES - 1, signed, track)),
    );
  return { signed: colours(true), unsigned: colours(false), odd: pixelOf(palette.odd) };
}

/** How a link's value becomes a share of its domain. */
export interface Scaling {
  domains: Float64Array; // by row
  signed: Uint8Array;
}

/** The domain of every row, as the legend says; 1 where values are shares already. */
export function scalingOf({ rows }: Samples, links: StripLinks, isPerCheckpoint: boolean): Scaling {
  const domains = Float64Array.from(rows, ({ bundle }) => (isPerCheckpoint ? 1 : links.domain(bundle, 0)));
  return { domains, signed: Uint8Array.from(rows, ({ bundle }) => +links.isSigned(bundle)) };
}

/** The share of the domain that a value is. */
const shareOf = (value: number, domain: number): number =>
  domain > 0 ? value / domain : value && Math.sign(value);

/** The row whose share shows where some rows, from `first` to before `last` of a list, share a pixel; -1 if none does. */
function winner(
  column: Float32Array,
  { domains }: Scaling,
  rows: number[],
  { first, last }: Pick<Part, "first" | "last">,
): number {
  let best = -1;
  let most = -1;
  for (let i = first; i < last; i++) {
    const value = column[rows[i]];
    if (value === MISSING) continue;
    if (Number.isNaN(value)) return rows[i];
    const size = Math.abs(shareOf(value, domains[rows[i]]));
    if (size <= most) continue;
    most = size;
    best = rows[i];
  }
  return best;
}

/** The row and the column that show where some of both share a pixel. */
export function shownIn(
  { columns }: Samples,
  scaling: Scaling,
  rows: number[],
  [down, across]: [Part, Part],
): { row: number; column: number } {
  let shown = { row: rows[down.first], column: across.first };
  let most = -1;
  for (let column = across.first; column < across.last; column++) {
    const row = columns[column] ? winner(columns[column], scaling, rows, down) : -1;
    if (row < 0) continue;
    const size = Math.abs(shareOf(columns[column][row], scaling.domains[row]));
    if (Number.isNaN(size)) return { row, column };
    if (size <= most) continue;
    most = size;
    shown = { row, column };
  }
  return shown;
}

export interface Sheet {
  width: number; // device pixels
  height: number;
  pixels: Uint32Array<ArrayBuffer>;
}

/** The strips of some rows on a sheet of their own, a column for each of the checkpoints or several to a pixel. */
export function paint(
  samples: Samples,
  scaling: Scaling,
  rows: number[],
  { width, height, table }: { width: number; height: number; table: Table },
): Sheet {
  const pixels = new Uint32Array(width * height);
  const { parts, columns } = samples.along(width);
  const colourOf = (row: number, value: number): number => {
    if (Number.isNaN(value)) return table.odd;
    const share = Math.max(-1, Math.min(1, shareOf(value, scaling.domains[row])));
    return (scaling.signed[row] ? table.signed : table.unsigned)[Math.round((share + 1) * N_SHADES)];
  };
  for (const down of partsOf(rows.length, height)) {
    const bottom = down.stop - down.start >= LEAST_SEAMED ? down.stop - 1 : down.stop;
    parts.forEach(({ start, stop }, c) => {
      const column = columns[c];
      const row = column ? winner(column, scaling, rows, down) : -1;
      if (!column || row < 0) return;
      const colour = colourOf(row, column[row]);
      for (let y = down.start; y < bottom; y++) pixels.fill(colour, y * width + start, y * width + stop);
    });
  }
  return { width, height, pixels };
}
