// Makes the image of one checkpoint: shading, crisp lines, ticks and small matrices. Runs in a worker or in slices in
// the page; gives way often, so that either can do something else.
import type { Kernel } from "../raster";
import { type LineStyle, lineStyles, N_BUCKETS, N_LEVELS, rgba, shade } from "../scale";
import { classifyLinks } from "./classify";
import { crispLinks } from "./crisp";
import { maskOf, type Order, type Plan, type Tally, type Ticks, type Tile, tickReach } from "./plan";
import { Planes, shadeStrip } from "./shading";
import { leastVisibleShade, strongestPixels, sumsInRows } from "./tones";

export type Brush = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
type Canvas = HTMLCanvasElement | OffscreenCanvas;
export type MakeCanvas = (width: number, height: number) => Canvas;

export interface Made {
  canvas: Canvas;
  sums: Int16Array | null;
  tally: Tally;
}

const DIMMED = 0.1;
const SHADING = 0.5; // half as strong as the crisp lines, which have to stand out from it
const TURN_LINKS = 128; // of one sign, before the other has its turn
/** Sums are smooth: one number a stage pixel is enough whatever the screen. */
const sumRatio = 1;

/** A canvas on the CPU: one that Chromium thinks is accelerated is fifty times slower on machines without a GPU. */
function brushOf(canvas: Canvas): Brush {
  return canvas.getContext("2d", { willReadFrequently: true }) as Brush;
}

export function* makeImage(
  plan: Plan,
  order: Order,
  kernel: Kernel,
  makeCanvas: MakeCanvas,
): Generator<void, Made> {
  const { width, height, ratio, strips } = plan;
  const canvas = makeCanvas(Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio)));
  const brush = brushOf(canvas);
  const { buckets, tally } = classifyLinks(plan, order);
  yield;
  const mask = maskOf(strips, buckets.length, plan.focus);
  const crisp = crispLinks(strips, order.values, buckets, mask, tally);
  yield;
  const isSum = plan.composite === "sum" && crisp !== null && !mask;
  const ratioOfPlanes = isSum ? sumRatio : ratio;
  let sums: Int16Array | null = null;
  if (crisp) {
    const planes = new Planes(Math.round(width * ratioOfPlanes), Math.round(height * ratioOfPlanes), isSum);
    const leastShade = Math.max(1, leastVisibleShade(plan.exponent));
    const links = { values: order.values, buckets, mask: null, leastShade };
    for (const [s, strip] of strips.entries())
      if (strip.shown && !order.missing[s] && crisp.crowds.has(strip.crowd))
        yield* shadeStrip(kernel, planes, strip, order.domains[s], links, ratioOfPlanes);
    if (isSum) sums = sumsInRows(planes);
    else {
      const sheet = makeCanvas(planes.width, planes.height);
      brushOf(sheet).putImageData(strongestPixels(planes, plan), 0, 0);
      yield;
      brush.globalAlpha = mask ? DIMMED : SHADING;
      brush.drawImage(sheet, 0, 0);
      brush.globalAlpha = 1;
    }
    yield;
  }
  brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  yield* drawLines(brush, plan, buckets, crisp?.links ?? null);
  for (const ticks of order.ticks) drawTicks(brush, plan, ticks);
  const [signed, unsigned] = [tileShades(plan, true), tileShades(plan, false)];
  for (const tile of order.tiles) {
    drawTile(brush, plan, tile, tile.signed ? signed : unsigned, makeCanvas);
    yield;
  }
  return { canvas, sums, tally };
}

/** Links by bucket, weakest first. */
function sortByBucket(
  buckets: Uint8Array,
  crisp: Uint8Array | null,
): { order: Uint32Array; bounds: Uint32Array } {
  const bounds = new Uint32Array(N_BUCKETS + 1);
  const isDrawn = (i: number) => buckets[i] > 0 && (!crisp || crisp[i] > 0);
  for (let i = 0; i < buckets.length; i++) if (isDrawn(i)) bounds[buckets[i] + 1]++;
  for (let b = 0; b < N_BUCKETS; b++) bounds[b + 1] += bounds[b];
  const at = bounds.slice();
  const order = new Uint32Array(bounds[N_BUCKETS]);
  for (let i = 0; i < buckets.length; i++) if (isDrawn(i)) order[at[buckets[i]]++] = i;
  return { order, bounds };
}

/** Crisp lines: one level of strength after the other, its signs by turns, so that neither covers the other. */
function* drawLines(
  brush: Brush,
  plan: Plan,
  buckets: Uint8Array,
  crisp: Uint8Array | null,
): Generator<void, void> {
  const { order, bounds } = sortByBucket(buckets, crisp);
  const ends = endsOf(plan, order);
  const styles = lineStyles(plan.palette, plan.maxLineWidth, plan.exponent);
  brush.lineCap = "butt";
  for (let level = 0; level < N_LEVELS; level++) {
    const kinds = [1, 2, 3, 4].map((kind) => level * 4 + kind);
    const longest = Math.max(...kinds.map((bucket) => bounds[bucket + 1] - bounds[bucket]));
    for (let turn = 0; turn < longest; turn += TURN_LINKS) {
      for (const bucket of kinds) {
        const from = bounds[bucket] + turn;
        const to = Math.min(from + TURN_LINKS, bounds[bucket + 1]);
        if (from < to) strokeLinks(brush, styles[bucket], ends.subarray(4 * from, 4 * to));
      }
      yield;
    }
  }
  brush.setLineDash([]);
}

function strokeLinks(brush: Brush, style: LineStyle, ends: Float32Array): void {
  brush.strokeStyle = style.stroke;
  brush.lineWidth = style.width;
  brush.setLineDash(style.dash);
  brush.beginPath();
  for (let e = 0; e < ends.length; e += 4) {
    brush.moveTo(ends[e], ends[e + 1]);
    brush.lineTo(ends[e + 2], ends[e + 3]);
  }
  brush.stroke();
}

/** End points of links in the given order, (n, 4): x and y at the source, x and y at the target. */
function endsOf({ strips }: Plan, order: Uint32Array): Float32Array {
  const ends = new Float32Array(4 * order.length);
  order.forEach((link, p) => {
    const strip = stripAt(strips, link);
    const inside = link - strip.start;
    const target = Math.floor(inside / strip.nSource);
    const source = inside - target * strip.nSource;
    ends[4 * p] = strip.from[2 * source];
    ends[4 * p + 1] = strip.from[2 * source + 1];
    ends[4 * p + 2] = strip.to[2 * target];
    ends[4 * p + 3] = strip.to[2 * target + 1];
  });
  return ends;
}

/** The strip that a link is in: the last one that starts at it or before, empty ones aside. */
function stripAt(strips: Plan["strips"], link: number): Plan["strips"][number] {
  let [low, high] = [0, strips.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (strips[middle].start <= link) low = middle;
    else high = middle - 1;
  }
  return strips[low];
}

function drawTicks(brush: Brush, { palette }: Plan, ticks: Ticks): void {
  const { x, y, thickness, values, signed } = ticks;
  values.forEach((value, j) => {
    const colour = signed ? (value < 0 ? palette.negative : palette.positive) : palette.unsigned;
    brush.fillStyle = rgba(Number.isFinite(value) ? colour : palette.odd, 0.95);
    brush.fillRect(x[j], y[j] - thickness / 2, tickReach(ticks, j), thickness);
  });
}

/** Kernels side by side; where several entries share a pixel, the strongest shows. */
function drawTile(brush: Brush, plan: Plan, tile: Tile, shades: Uint32Array, makeCanvas: MakeCanvas): void {
  const nColumns = tile.kernels.reduce((n, kernel) => n + kernel.columns, 0);
  const width = Math.min(nColumns, Math.round(tile.width * plan.ratio));
  const height = Math.min(tile.rows, Math.round(tile.height * plan.ratio));
  if (!width || !height) return;
  const shares = new Float32Array(width * height);
  let column = 0;
  for (const { columns, values, domain } of tile.kernels) {
    const scale = domain > 0 ? 1 / domain : 1;
    for (let row = 0, i = 0; row < tile.rows; row++)
      for (let c = 0; c < columns; c++, i++) {
        const x = Math.floor(((column + c) * width) / nColumns);
        const p = Math.floor((row * height) / tile.rows) * width + x;
        if (!(Math.abs(values[i] * scale) <= Math.abs(shares[p]))) shares[p] = values[i] * scale;
      }
    column += columns;
  }
  const sheet = makeCanvas(width, height);
  const pixels = new ImageData(width, height);
  const rgba32 = new Uint32Array(pixels.data.buffer);
  shares.forEach((share, p) => {
    rgba32[p] = shades[shadeOf(share)];
  });
  brushOf(sheet).putImageData(pixels, 0, 0);
  brush.imageSmoothingEnabled = width < nColumns; // every entry of a small matrix is a square
  brush.drawImage(sheet, tile.x, tile.y, tile.width, tile.height);
}

const N_SHADES = 128; // of each sign

const shadeOf = (share: number): number =>
  Number.isNaN(share) ? 2 * N_SHADES + 1 : Math.round((Math.max(-1, Math.min(1, share)) + 1) * N_SHADES);

/** Colours by `shadeOf`, as 32-bit little-endian RGBA: shares of the domain, and what is no number. */
function tileShades({ palette, paper }: Plan, signed: boolean): Uint32Array {
  return Uint32Array.from({ length: 2 * N_SHADES + 2 }, (_, i) => {
    const share = i > 2 * N_SHADES ? Number.NaN : i / N_SHADES - 1;
    const [r, g, b] = shade(palette, share, signed, paper);
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}
