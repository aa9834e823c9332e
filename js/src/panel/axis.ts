// Where checkpoints and metrics lie along the timeline: by optimiser step or evenly. Pure numbers, no pixels, no DOM.
import { bisectLeft, bisectRight, ticks } from "../ticks";
import { formatMoment, type Moments } from "./moment";

export type Span = [number, number];

export interface TimeAxis {
  kind: "step" | "index";
  /** Of each checkpoint. */
  at: number[];
  /** From a metric's x (steps if the history knows steps, otherwise checkpoints) to the axis. */
  place: (x: number) => number;
  full: Span;
  /** What the ticks count. */
  unit: "epoch" | "step" | "checkpoint";
  /** The count at each checkpoint. */
  counts: number[];
}

const CLOSEST_ZOOM = 1000;
const isIncreasing = (values: (number | null)[] | null): values is number[] =>
  values?.every((v, k) => v !== null && (k === 0 || v > values[k - 1]!)) ?? false;

/** Whether the checkpoints can be laid out by step, and this differs from laying them out evenly. */
export function isUneven(steps: (number | null)[] | null): boolean {
  if (!isIncreasing(steps) || steps.length < 3) return false;
  const gaps = steps.slice(1).map((step, k) => step - steps[k]);
  return Math.max(...gaps) > 1.001 * Math.min(...gaps);
}

/** Piecewise linear from steps to checkpoints, through those whose steps are known and increasing. */
function stepToIndex(steps: (number | null)[]): (step: number) => number {
  const known: Span[] = [];
  steps.forEach((step, k) => {
    if (step !== null && (known.length === 0 || step > known[known.length - 1][0])) known.push([step, k]);
  });
  if (known.length < 2) return () => known[0]?.[1] ?? 0;
  const xs = known.map(([step]) => step);
  return (step) => {
    const i = Math.min(xs.length - 1, Math.max(1, bisectLeft(xs, step)));
    const [[x0, k0], [x1, k1]] = [known[i - 1], known[i]];
    return step === x1 ? k1 : k0 + ((step - x0) / (x1 - x0)) * (k1 - k0);
  };
}

/** The axis on which checkpoints lie by step (where that differs from evenly, and is asked for) or evenly. */
export function timeAxis(moments: Moments, xs: Iterable<number>[], layout: "step" | "index"): TimeAxis {
  const { nCheckpoints: n, steps, epochs } = moments;
  const isByStep = n > 0 && isIncreasing(steps) && (n === 1 || (layout === "step" && isUneven(steps)));
  const at = isByStep ? [...steps] : Array.from({ length: n }, (_, k) => k);
  const place = isByStep || steps === null ? (x: number) => x : stepToIndex(steps);
  let [lo, hi] = n > 0 ? [at[0], at[n - 1]] : [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const list of xs)
    for (const x of list) {
      const placed = place(x);
      if (placed < lo) lo = placed;
      if (placed > hi) hi = placed;
    }
  if (!(hi > lo)) [lo, hi] = Number.isFinite(lo) ? [lo - 0.5, lo + 0.5] : [0, 1];
  const full: Span = [lo, hi];
  if (isByStep) return { kind: "step", at, place, full, unit: "step", counts: at };
  if (n > 0 && isIncreasing(epochs)) return { kind: "index", at, place, full, unit: "epoch", counts: epochs };
  if (n > 0 && isIncreasing(steps)) return { kind: "index", at, place, full, unit: "step", counts: steps };
  return { kind: "index", at, place, full, unit: "checkpoint", counts: at.map((k) => k + 1) };
}

/** Along the axis, at a fractional checkpoint. */
export function along({ at }: TimeAxis, position: number): number {
  const k = Math.min(at.length - 1, Math.max(0, Math.floor(position)));
  const next = Math.min(at.length - 1, k + 1);
  return at[k] + (at[next] - at[k]) * (position - k);
}

/** The checkpoint nearest to a place on the axis. */
export function nearest({ at }: TimeAxis, x: number): number {
  const k = Math.min(at.length - 1, Math.max(1, bisectLeft(at, x)));
  return k > 0 && at.length > 1 && x - at[k - 1] <= at[k] - x ? k - 1 : Math.min(k, at.length - 1);
}

/** Ticks within a span: round steps, or checkpoints that bear a round count. */
export function timeTicks(axis: TimeAxis, [lo, hi]: Span, most: number): { x: number; text: string }[] {
  const { at, counts } = axis;
  if (axis.kind === "step")
    return ticks(lo, hi, most)
      .filter(Number.isInteger)
      .map((x) => ({ x, text: formatMoment(x) }));
  const [first, last] = [bisectLeft(at, lo), bisectRight(at, hi) - 1];
  if (last < first) return [];
  const tick = (k: number) => ({ x: at[k], text: formatMoment(counts[k]) });
  const wanted = new Set(ticks(counts[first], counts[last], most));
  const round: number[] = [];
  for (let k = first; k <= last; k++) if (wanted.has(counts[k])) round.push(k);
  if (round.length > Math.min(most, last - first + 1) / 2) return round.map(tick);
  const stride = Math.max(1, Math.ceil((last - first + 1) / most));
  return Array.from({ length: Math.ceil((last - first + 1) / stride) }, (_, i) => tick(first + i * stride));
}

/** A span `factor` times as long about a place on it, within the full one. */
export function zoomed([lo, hi]: Span, full: Span, about: number, factor: number): Span {
  const size = Math.max((full[1] - full[0]) / CLOSEST_ZOOM, (hi - lo) * factor);
  if (size >= full[1] - full[0]) return full;
  const start = about - ((about - lo) / (hi - lo)) * size;
  const from = Math.min(full[1] - size, Math.max(full[0], start));
  return [from, from + size];
}

/** The span, or the page of its length on which `x` lies near the side it comes from. */
export function paged([lo, hi]: Span, full: Span, x: number): Span {
  if (x >= lo && x <= hi) return [lo, hi];
  const size = hi - lo;
  const start = x > hi ? x - 0.1 * size : x - 0.9 * size;
  const from = Math.min(full[1] - size, Math.max(full[0], start));
  return [from, from + size];
}
