// What a maker of images is told: the stage and looks once (a plan), the values of a checkpoint each time (an order).
// Plain data, so that it can be sent to a worker.
import type { Palette, Rgb } from "../scale";

/** A bundle as a maker sees it: where its units stand, and on which scale its links are drawn. */
export interface Strip {
  start: number; // of its links among all, in rows of a target's links
  nTarget: number;
  nSource: number;
  from: Float32Array; // (n_source, 2), stage pixels
  to: Float32Array; // (n_target, 2)
  crowd: number; // links into the same group share a number
  signed: boolean;
  shown: boolean; // whether the reader's switches let it through
}

/** Links that stay strong while the others step back: all of a unit, or one. -1 stands for every unit. */
export interface Touched {
  strip: number;
  target: number;
  source: number;
}

export type Composite = "strongest" | "sum";

export interface Plan {
  width: number;
  height: number;
  ratio: number; // device pixels to a stage pixel
  palette: Palette;
  paper: Rgb;
  strips: Strip[];
  maxLineWidth: number;
  exponent: number; // of the opacity
  threshold: number; // share of the domain
  signs: string[];
  composite: Composite;
  focus: Touched[] | null;
}

/** Signed ticks of the biases of a group: to the right for positive, to the left for negative. */
export interface Ticks {
  bundle: string;
  x: Float32Array; // (n_units,)
  y: Float32Array;
  length: number; // at the domain
  thickness: number;
  values: Float32Array;
  domain: number;
  signed: boolean;
}

/** How far the tick of unit `j` reaches to the right, pixels; that of no number as far as one of the domain. */
export function tickReach({ length, values, domain }: Ticks, j: number): number {
  const value = values[j];
  return length * (Number.isFinite(value) ? Math.max(-1, Math.min(1, value / (domain || 1))) : 1);
}

/** A small matrix: kernels side by side, each (rows, columns). */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
  rows: number;
  kernels: { columns: number; values: Float32Array; domain: number }[];
  signed: boolean;
}

/** One checkpoint to draw. */
export interface Order {
  k: number;
  values: Float32Array; // (n_links,)
  domains: Float64Array; // (n_strips,)
  missing: Uint8Array; // (n_strips,), 1 where the parameter was not recorded
  ticks: Ticks[];
  tiles: Tile[];
}

/** What became of the links at a checkpoint. */
export interface Tally {
  drawn: number;
  filtered: number;
  away: number; // of units that have a picture only
  clipped: number;
  odd: number;
  missing: number;
  shaded: number; // in the shading of all links only, not crisp
  share: number; // of the crisp ones in the sum of |w|, 0 to 1; 1 where all are crisp
}

export type Drawable = ImageBitmap | HTMLCanvasElement;

/** A finished image of a checkpoint. `sums` is there for the signed sum, before its colours: one number a pixel. */
export interface Picture {
  k: number;
  image: Drawable;
  sums: Int16Array | null;
  tally: Tally;
  ms: number;
  by: string; // "worker, wasm", "thread, ts"
}

/** Which links are touched by the focus, (n,), or null without one. */
export function maskOf(strips: Strip[], n: number, focus: Touched[] | null): Uint8Array | null {
  if (!focus) return null;
  const mask = new Uint8Array(n);
  for (const { strip, target, source } of focus) {
    const { start, nTarget, nSource } = strips[strip];
    for (let j = target < 0 ? 0 : target; j < (target < 0 ? nTarget : target + 1); j++)
      if (source >= 0) mask[start + j * nSource + source] = 1;
      else mask.fill(1, start + j * nSource, start + (j + 1) * nSource);
  }
  return mask;
}
