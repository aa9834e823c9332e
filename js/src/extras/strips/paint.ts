// The pixels of strips, in the colours of links. Pure: knows arrays, no canvas.
import { mixRgb, type Palette, type Rgb, shade } from "../../scale";
import type { StripLinks } from "../../views/context";
import { MISSING, type Part, partsOf, stronger } from "./parts";
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

const pixelOf = ([r, g, b]: Rgb): number => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

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

/** What a pixel shows that is shared by some of the rows, and by columns: a share of the domain, and whose it is. */
export function shown(
  { columns }: Samples,
  { domains }: Scaling,
  rows: number[],
  { first, last }: Pick<Part, "first" | "last">,
): { share: number; row: number; column: number } {
  let best = { share: MISSING, row: rows[0], column: first };
  for (let column = first; column < last; column++)
    for (const row of rows) {
      const value = columns[column]?.[row] ?? MISSING;
      if (value === MISSING) continue;
      const share = domains[row] > 0 ? value / domains[row] : value && Math.sign(value);
      if (stronger(best.share, share) !== best.share) best = { share, row, column };
      if (Number.isNaN(share)) return { share, row, column };
    }
  return best;
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
  const across = partsOf(samples.nColumns, width);
  for (const { first, last, start, stop } of partsOf(rows.length, height)) {
    const bottom = stop - start >= LEAST_SEAMED ? stop - 1 : stop;
    const some = rows.slice(first, last);
    for (const part of across) {
      const { share, row } = shown(samples, scaling, some, part);
      if (share === MISSING) continue;
      const colours = scaling.signed[row] ? table.signed : table.unsigned;
      const level = Math.round((Math.max(-1, Math.min(1, share)) + 1) * N_SHADES);
      const colour = Number.isNaN(share) ? table.odd : colours[level];
      for (let y = start; y < bottom; y++) pixels.fill(colour, y * width + part.start, y * width + part.stop);
    }
  }
  return { width, height, pixels };
}
