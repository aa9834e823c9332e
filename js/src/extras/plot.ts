// Small pictures of what a unit puts out, pixel by pixel: heat maps and dots. Also says which item is at a point. No DOM.

import { mixRgb, PALETTES, PAPERS, type Palette, type Rgb, shade } from "../scale";
import type { Outputs, Range } from "./outputs";
import { pixelOf } from "./pixels";

export interface Inks {
  paper: Rgb;
  palette: Palette;
  test: Rgb;
  ink: Rgb; // of marks
}

/** Test items are told apart from training items by this hue, which no sign has. */
const TEST: Record<"light" | "dark", Rgb> = { light: [0, 128, 116], dark: [64, 211, 190] };

const INK: Record<"light" | "dark", Rgb> = { light: [20, 23, 27], dark: [240, 243, 247] };

/** What pictures are drawn with in a theme. */
export const inksOf = (theme: "light" | "dark"): Inks => ({
  palette: PALETTES[theme],
  paper: PAPERS[theme],
  test: TEST[theme],
  ink: INK[theme],
});

/** A picture of one unit, ready to be drawn in any size. */
export interface Plot {
  width: number;
  height: number;
  pixels: Uint32Array;
}

const N_COLOURS = 255;

/** The colours of a heat map, from the domain's negative end to its positive one; the last is of NaN. */
export function heatColours({ palette, paper }: Inks): Uint32Array {
  const middle = (N_COLOURS - 1) / 2;
  const colours = Array.from({ length: N_COLOURS }, (_, i) =>
    pixelOf(shade(palette, (i - middle) / middle, true, paper)),
  );
  return Uint32Array.from([...colours, pixelOf(palette.odd)]);
}

/** One unit's outputs as a group's numbers hold them: items are rows, positions columns. */
export interface Sheet {
  values: Float32Array;
  nRows: number;
  nPositions: number;
  nUnits: number;
  unit: number;
}

/**
 * Items from top to bottom, positions from left to right; where items are more than pixels, a pixel shows their mean.
 * The colour's domain is symmetric about 0.
 */
export function drawHeat(plot: Plot, sheet: Sheet, domain: number, colours: Uint32Array): void {
  const { values, nRows, nPositions, nUnits, unit } = sheet;
  const { width, height, pixels } = plot;
  const middle = (N_COLOURS - 1) / 2;
  const stride = nPositions * nUnits;
  const columns = Int32Array.from(
    pixels.subarray(0, width),
    (_, x) => Math.floor((x * nPositions) / width) * nUnits + unit,
  );
  const scale = middle / domain;
  for (let y = 0; y < height; y++) {
    const first = Math.floor((y * nRows) / height);
    const n = Math.max(1, Math.floor(((y + 1) * nRows) / height) - first);
    for (let x = 0; x < width; x++) {
      const at = first * stride + columns[x];
      let sum = 0;
      for (let i = 0; i < n; i++) sum += values[at + i * stride];
      const level = Math.max(-middle, Math.min(middle, (sum / n) * scale));
      pixels[y * width + x] = colours[Number.isNaN(level) ? N_COLOURS : (middle + level + 0.5) | 0];
    }
  }
}

/** Dots over targets: where each item's lies, as shares of the width and height from the lower left. */
export interface Dots {
  x: Float32Array;
  y: Float32Array;
}

/** Where the dots of a unit lie. Items of a class lie beside each other, each always at one place. */
export function dotsOf(
  outputs: Outputs,
  { values, nUnits, unit }: Pick<Sheet, "values" | "nUnits" | "unit">,
  ranges: { x: Range; y: Range },
  target: (item: number) => number,
): Dots {
  const { nItems: n, isOfClasses, hasTargets } = outputs;
  const dots = { x: new Float32Array(n), y: new Float32Array(n) };
  const share = (value: number, [low, high]: Range) => (value - low) / (high - low);
  for (let item = 0; item < n; item++) {
    const beside = isOfClasses && hasTargets ? (((item * 0.618034) % 1) - 0.5) * 0.7 : 0;
    dots.x[item] = share(target(item) + beside, ranges.x);
    dots.y[item] = share(values[item * nUnits + unit], ranges.y);
  }
  return dots;
}

/** Where a dot's middle is drawn, in pixels from the upper left; dots stay in the picture. */
export function placeOf(
  { x, y }: Dots,
  item: number,
  { width, height }: { width: number; height: number },
  radius: number,
): [number, number] {
  const [roomX, roomY] = [width - 2 * radius, height - 2 * radius];
  return [radius + x[item] * roomX, height - radius - (Number.isFinite(y[item]) ? y[item] : 0) * roomY];
}

/** Fill with paper, and draw lines as shares from the lower left: 0, or where a prediction is right. */
export function drawPaper(
  plot: Plot,
  inks: Inks,
  lines: [x0: number, y0: number, x1: number, y1: number][],
): void {
  const { width, height, pixels } = plot;
  pixels.fill(pixelOf(inks.paper));
  const ink = pixelOf(mixRgb(inks.paper, inks.palette.zero, 0.7));
  for (const [x0, y0, x1, y1] of lines) {
    const n = 2 * Math.max(width, height);
    for (let i = 0; i <= n; i++) {
      const x = Math.round((x0 + ((x1 - x0) * i) / n) * (width - 1));
      const y = Math.round((1 - y0 - ((y1 - y0) * i) / n) * (height - 1));
      if (x >= 0 && x < width && y >= 0 && y < height) pixels[y * width + x] = ink;
    }
  }
}

/** Training items first, test items above them; what is NaN or infinite lies at the lower edge, in the colour for odd. */
export function drawDots(plot: Plot, dots: Dots, outputs: Outputs, inks: Inks, size: number): void {
  const { width, height, pixels } = plot;
  const [train, test, odd] = [inks.palette.unsigned, inks.test, inks.palette.odd];
  for (let item = 0; item < dots.x.length; item++) {
    const [cx, cy] = placeOf(dots, item, plot, size / 2);
    const [left, top] = [Math.round(cx - size / 2), Math.round(cy - size / 2)];
    const ink = !Number.isFinite(dots.y[item]) ? odd : outputs.isTest(item) ? test : train;
    for (let y = Math.max(0, top); y < Math.min(height, top + size); y++)
      for (let x = Math.max(0, left); x < Math.min(width, left + size); x++)
        pixels[y * width + x] = blended(pixels[y * width + x], ink);
  }
}

const OPACITY = 0.75;

function blended(under: number, [r, g, b]: Rgb): number {
  const mix = (shift: number, over: number) =>
    Math.round(((under >>> shift) & 255) * (1 - OPACITY) + over * OPACITY) << shift;
  return ((255 << 24) | mix(16, b) | mix(8, g) | mix(0, r)) >>> 0;
}

/** The item whose dot is nearest to a point of a picture, within reach; -1 if none is. */
export function nearestDot(
  dots: Dots,
  plot: { width: number; height: number },
  x: number,
  y: number,
  radius: number,
): number {
  let [best, least] = [-1, 8];
  for (let item = 0; item < dots.x.length; item++) {
    const [cx, cy] = placeOf(dots, item, plot, radius);
    const distance = Math.hypot(cx - x, cy - y);
    if (distance < least) [best, least] = [item, distance];
  }
  return best;
}
