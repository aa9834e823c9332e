// The colours of the shading: of the strongest link in each pixel, or of the signed sum.
import { mixRgb, NEGATIVE, ODD, opacityOf, type Palette, POSITIVE, type Rgb, UNSIGNED } from "../scale";
import type { Plan, Strip } from "./plan";
import { FINE, N_SHADES, type Planes, SUM_UNIT } from "./shading";

/** Colour and opacity of each shade of a kind, as 32-bit little-endian RGBA. */
function colours(palette: Palette, hue: Rgb, exponent: number): Uint32Array {
  return Uint32Array.from({ length: N_SHADES }, (_, shade) => {
    if (shade === 0) return 0;
    const share = shade / (N_SHADES - 1);
    const [r, g, b] = mixRgb(palette.zero, hue, Math.min(1, share * 2.2) ** 0.6);
    return pack(r, g, b, Math.round(255 * shadeOpacity(share, exponent)));
  });
}

const pack = (r: number, g: number, b: number, a: number): number =>
  ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;

const shadeOpacity = (share: number, exponent: number): number =>
  opacityOf(share, exponent) - opacityOf(0, exponent);

/** The weakest shade that has any opacity at all; links below it leave no trace and need not be drawn. */
export function leastVisibleShade(exponent: number): number {
  for (let shade = 1; shade < N_SHADES; shade++)
    if (Math.round(255 * shadeOpacity(shade / (N_SHADES - 1), exponent)) > 0) return shade;
  return N_SHADES - 1;
}

/** The picture of the strongest link in each pixel, RGBA in rows; where both signs are equally strong, neutral. */
export function strongestPixels(planes: Planes, plan: Pick<Plan, "palette" | "exponent">): ImageData {
  const { palette, exponent } = plan;
  const { width, height } = planes;
  const tables = new Uint32Array(4 * N_SHADES); // both signs alike, positive, negative, norms
  [palette.zero, palette.positive, palette.negative, palette.unsigned].forEach((hue, i) => {
    tables.set(colours(palette, hue, exponent), i * N_SHADES);
  });
  const [negative, positive] = [planes.level(NEGATIVE), planes.level(POSITIVE)];
  const [unsigned, odd] = [planes.known(UNSIGNED), planes.known(ODD)];
  const pixels = new Uint32Array(width * height);
  inRows(width, height, (from, to, n) => {
    for (let at = from, p = to; at < from + n; at++, p += width) {
      const [minus, plus] = [negative[at], positive[at]];
      let shade = plus > minus ? N_SHADES + plus : minus > plus ? 2 * N_SHADES + minus : plus;
      if (unsigned && unsigned[at] > Math.max(minus, plus)) shade = 3 * N_SHADES + unsigned[at];
      pixels[p] = odd && odd[at] > 0 ? pack(...palette.odd, 255) : tables[shade];
    }
  });
  return new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
}

const BLOCK = 32;

/** Visit the planes' pixels, which lie in columns, for a picture in rows; block by block, which is easier on the cache. */
function inRows(width: number, height: number, visit: (from: number, to: number, n: number) => void): void {
  for (let x0 = 0; x0 < width; x0 += BLOCK)
    for (let row = 0; row < height; row += BLOCK)
      for (let x = x0; x < Math.min(width, x0 + BLOCK); x++)
        visit(x * height + row, row * width + x, Math.min(BLOCK, height - row));
}

/** The signed sums in rows, as 16-bit numbers: `SUM_UNIT` is one link at its domain. */
export function sumsInRows({ width, height, sums }: Planes): Int16Array {
  const rows = new Int16Array(width * height);
  inRows(width, height, (from, to, n) => {
    for (let at = from, p = to; at < from + n; at++, p += width)
      rows[p] = Math.max(-32_767, Math.min(32_767, Math.round(sums![at] / FINE)));
  });
  return rows;
}

/** Colours of all 65 536 sums: |s| / (|s| + half) of the full colour. `half` is the sum that is half as strong as can be. */
export function sumColours(palette: Palette, half: number): Uint32Array {
  return Uint32Array.from({ length: 65_536 }, (_, i) => {
    const sum = (i - 32_768) / SUM_UNIT;
    const share = Math.abs(sum) / (Math.abs(sum) + half);
    const [r, g, b] = sum < 0 ? palette.negative : palette.positive;
    return pack(r, g, b, Math.round(255 * share));
  });
}

/** The sum at which the colour is half as strong as can be: what some pixels of random links would have. */
export function halfSum(strips: Strip[], height: number): number {
  const busiest = strips.reduce((n, strip) => Math.max(n, strip.nTarget * strip.nSource), 1);
  return Math.max(1, 0.6 * Math.sqrt(busiest / height));
}

/** The mixture of two sums, or one, in their colours. */
export function paintSums(
  now: Int16Array,
  next: Int16Array | null,
  share: number,
  table: Uint32Array,
  pixels: Uint32Array,
): void {
  if (!next) for (let i = 0; i < now.length; i++) pixels[i] = table[now[i] + 32_768];
  else
    for (let i = 0; i < now.length; i++)
      pixels[i] = table[Math.round(now[i] + (next[i] - now[i]) * share) + 32_768];
}
