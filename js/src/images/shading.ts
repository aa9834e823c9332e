// The shading of all links: planes of the strongest level, signs kept apart, or of the signed sum.
import { FRACTION_BITS, type Kernel, LOT } from "../raster";
import { NEGATIVE, ODD, POSITIVE, UNSIGNED } from "../scale";
import type { Strip } from "./plan";

export const N_SHADES = 256;
const MOST_STEPS = 6; // samples in a column of pixels, for links that are steeper than they are wide
export const SUM_UNIT = 64; // one link at the domain, in a picture's sums; 16 bits hold 500 of them
export const FINE = 32; // links are added up more finely, so that many small roundings do not

/** Planes of (width * height) device pixels, column after column. */
export class Planes {
  readonly width: number;
  readonly height: number;
  readonly #levels = new Map<number, Uint8Array>(); // by kind
  readonly sums: Int32Array | null;

  constructor(width: number, height: number, isSum: boolean) {
    this.width = width;
    this.height = height;
    this.sums = isSum ? new Int32Array(width * height) : null;
  }

  level(kind: number): Uint8Array {
    const plane = this.#levels.get(kind) ?? new Uint8Array(this.width * this.height);
    this.#levels.set(kind, plane);
    return plane;
  }

  known(kind: number): Uint8Array | null {
    return this.#levels.get(kind) ?? null;
  }
}

export interface Links {
  values: Float32Array;
  buckets: Uint8Array;
  mask: Uint8Array | null; // only links that are 1 in it
  leastShade: number; // links below it would not show, or are left for later
}

/** Rasterise the links of a strip into the planes; gives way after every lot. */
export function* shadeStrip(
  kernel: Kernel,
  planes: Planes,
  strip: Strip,
  domain: number,
  links: Links,
  ratio: number,
): Generator<void, void> {
  for (const [x, sources] of sourcesByX(strip)) {
    const box = boxOf(strip, sources, x, ratio, planes.width);
    if (!box || box.height > 32_000) continue;
    if (planes.sums) yield* addSums(kernel, planes, strip, domain, links, box);
    else
      for (const [kind, order] of sortByShade(strip, domain, links, sources))
        yield* storeStrongest(kernel, planes.level(kind), planes.height, strip, order, box);
  }
}

/** The sources of a strip by where they stand: a column, or the columns of a sheet. */
function sourcesByX(strip: Strip): Map<number, Uint8Array | null> {
  const places = new Map<number, Uint8Array | null>();
  const { from, nSource } = strip;
  const isColumn = Array.from({ length: nSource }).every((_, i) => from[2 * i] === from[0]);
  if (nSource > 0 && isColumn) return places.set(from[0], null);
  for (let i = 0; i < nSource; i++) {
    const x = from[2 * i];
    if (!places.has(x)) places.set(x, new Uint8Array(nSource));
    places.get(x)![i] = 1;
  }
  return places;
}

/** The pixels that links between two columns can touch: all their rows, also those off the stage. */
interface Box {
  x: number; // of the sources, device pixels
  toX: number;
  left: number; // first column on the stage
  width: number;
  top: number;
  height: number;
  nSteps: number;
  fromY: Float64Array;
  toY: Float64Array;
}

function boxOf(
  strip: Strip,
  sources: Uint8Array | null,
  stageX: number,
  ratio: number,
  stageWidth: number,
): Box | null {
  const [x, toX] = [stageX * ratio, strip.to[0] * ratio];
  const left = Math.max(0, Math.round(Math.min(x, toX)));
  const right = Math.min(stageWidth, Math.round(Math.max(x, toX)));
  if (right <= left) return null;
  const fromY = Float64Array.from({ length: strip.nSource }, (_, i) => strip.from[2 * i + 1] * ratio);
  const toY = Float64Array.from({ length: strip.nTarget }, (_, j) => strip.to[2 * j + 1] * ratio);
  const isOn = (y: number) => !Number.isNaN(y); // a unit that has a picture only is nowhere
  const used = fromY.filter((y, i) => isOn(y) && (!sources || sources[i] > 0));
  const ends = [used, toY.filter(isOn)];
  const low = Math.min(...ends.map((ys) => ys.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)));
  const high = Math.max(...ends.map((ys) => ys.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)));
  const top = Math.floor(low) - 1; // half a column beyond an end, a link may be a little further
  const height = Math.ceil(high) + 2 - top;
  const steepest = (high - low) / Math.abs(toX - x);
  const nSteps = steepest <= 1.5 ? 1 : Math.min(MOST_STEPS, Math.ceil(steepest));
  const margin = Math.ceil(steepest);
  return {
    x,
    toX,
    left,
    width: right - left,
    top: top - margin,
    height: height + 2 * margin,
    nSteps,
    fromY,
    toY,
  };
}

/** Link numbers by kind, strongest first: a counting sort on the shade. */
function sortByShade(
  { start, nTarget, nSource }: Strip,
  domain: number,
  { values, buckets, mask, leastShade }: Links,
  sources: Uint8Array | null,
): Map<number, { links: Uint32Array; shades: Uint8Array }> {
  const n = nTarget * nSource;
  const keys = new Uint16Array(n); // kind and shade; 0 = left out
  const counts = new Uint32Array(5 * N_SHADES + 1);
  const scale = domain > 0 ? (N_SHADES - 1) / domain : 0;
  for (let first = 0; first < n; first += nSource)
    for (let source = 0; source < nSource; source++) {
      const i = first + source;
      const link = start + i;
      if (buckets[link] === 0 || (mask && !mask[link]) || (sources && !sources[source])) continue;
      const kind = ((buckets[link] - 1) & 3) + 1;
      const size = Math.abs(values[link]) * scale;
      const shade = kind === ODD || size > N_SHADES - 1 ? N_SHADES - 1 : Math.ceil(size);
      if (shade < leastShade) continue;
      keys[i] = (kind + 1) * N_SHADES - shade;
      counts[keys[i] + 1]++;
    }
  for (let key = 1; key <= 5 * N_SHADES; key++) counts[key] += counts[key - 1];
  const at = counts.slice();
  const sorted = new Uint32Array(counts[5 * N_SHADES]);
  const shades = new Uint8Array(sorted.length);
  for (let i = 0; i < n; i++)
    if (keys[i] > 0) {
      shades[at[keys[i]]] = N_SHADES - (keys[i] % N_SHADES);
      sorted[at[keys[i]]++] = i;
    }
  const byKind = new Map<number, { links: Uint32Array; shades: Uint8Array }>();
  for (const kind of [NEGATIVE, POSITIVE, UNSIGNED, ODD]) {
    const [first, last] = [counts[kind * N_SHADES], counts[Math.min(5, kind + 1) * N_SHADES]];
    if (last > first)
      byKind.set(kind, { links: sorted.subarray(first, last), shades: shades.subarray(first, last) });
  }
  return byKind;
}

const ONE = 1 << FRACTION_BITS;

function* storeStrongest(
  kernel: Kernel,
  plane: Uint8Array,
  stageHeight: number,
  strip: Strip,
  { links, shades }: { links: Uint32Array; shades: Uint8Array },
  box: Box,
): Generator<void, void> {
  const own = new Uint8Array(box.width * box.height); // the kernel's memory is another's while we give way
  for (let first = 0; first < links.length; first += LOT) {
    const n = Math.min(LOT, links.length - first);
    const scratch = kernel.prepare(box.width * box.height);
    scratch.bytes.set(own);
    aim(scratch, strip, box, n, (p) => links[first + p]);
    for (let p = 0; p < n; p++) scratch.level[p] = shades[first + p];
    kernel.strongest(scratch, box.width, box.height, n, box.nSteps);
    own.set(scratch.bytes.subarray(0, own.length));
    yield;
  }
  forEachRun(box, stageHeight, (at, to, length) => {
    for (let row = 0; row < length; row++)
      if (own[at + row] > plane[to + row]) plane[to + row] = own[at + row];
  });
}

function* addSums(
  kernel: Kernel,
  planes: Planes,
  strip: Strip,
  domain: number,
  { values, buckets, mask }: Links,
  box: Box,
): Generator<void, void> {
  const { start, nTarget, nSource } = strip;
  const sums = planes.sums!;
  const scale = domain > 0 ? (FINE * SUM_UNIT) / domain : 0;
  for (let first = 0; first < nTarget * nSource; first += LOT) {
    const n = Math.min(LOT, nTarget * nSource - first);
    const scratch = kernel.prepare(box.width * box.height);
    scratch.sums.fill(0, 0, box.width * box.height);
    aim(scratch, strip, box, n, (p) => first + p);
    for (let p = 0; p < n; p++) {
      const link = start + first + p;
      const isLeftOut = buckets[link] === 0 || (mask && !mask[link]) || !Number.isFinite(values[link]);
      scratch.level[p] = isLeftOut
        ? 0
        : Math.round(Math.max(-32_767, Math.min(32_767, values[link] * scale)));
    }
    kernel.sum(scratch, box.width, box.height, n);
    const lot = scratch.sums;
    forEachRun(box, planes.height, (at, to, length) => {
      for (let row = 0; row < length; row++) sums[to + row] += lot[at + row];
    });
    yield;
  }
}

/** Where a lot of links begins, and how it steps: both are sums of what its two ends give. */
function aim(
  { y, dy }: { y: Int32Array; dy: Int32Array },
  { nSource }: Strip,
  { x, toX, left, top, nSteps, fromY, toY }: Box,
  n: number,
  linkAt: (p: number) => number,
): void {
  const step = ONE / (nSteps * (toX - x));
  const part = (left + 0.5 / nSteps - x) / (toX - x); // of the way, where the first column is
  for (let p = 0; p < n; p++) {
    const link = linkAt(p);
    const target = (link / nSource) | 0;
    const from = fromY[link - target * nSource];
    const rise = toY[target] - from;
    y[p] = (from + rise * part - top) * ONE + 0.5;
    dy[p] = Math.floor(rise * step + 0.5);
  }
}

/** The part of each of a box's columns that is on the stage. */
function forEachRun(
  { left, width, top, height }: Box,
  stageHeight: number,
  visit: (at: number, to: number, length: number) => void,
): void {
  const skip = Math.max(0, -top);
  const length = Math.min(height, stageHeight - top) - skip;
  for (let column = 0; column < width && length > 0; column++)
    visit(column * height + skip, (left + column) * stageHeight + top + skip, length);
}
