// Metrics as curves: what was recorded where, gaps, domains, ticks, and paths of at most four points a pixel. No DOM.
import { bisectLeft, bisectRight, ticks } from "../ticks";
import type { Span, TimeAxis } from "./axis";
import type { Moments } from "./moment";

export interface Metric {
  name: string;
  /** Of several runs, and the class of its dashes. */
  run?: string;
  dashes?: string;
  x: number[];
  y: number[];
}

export interface Curve {
  name: string;
  /** The name, and of several runs whose it is. */
  label: string;
  dashes: string;
  /** Where its colour and dashes are found: its place among all metrics. */
  hue: number;
  isShare: boolean;
  x: Float64Array; // along the axis, sorted
  y: Float64Array;
  /** 1 where no line leads to the point from the one before. */
  breaks: Uint8Array;
  /** Recorded at each checkpoint itself; null where nothing was. */
  values: (number | null)[];
}

const GAP = 2.5; // times the usual distance between records, both in steps and in checkpoints
const SHARES = new Set(["acc", "accuracy", "f1", "auc", "auroc", "precision", "recall"]);

/** Whether a name suggests a share of one: "val_acc", "testAccuracy", "F1". */
export const isShareName = (name: string): boolean =>
  name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .some((word) => SHARES.has(word));

function sorted(metric: Metric): { x: ArrayLike<number>; y: ArrayLike<number> } {
  const { x, y } = metric;
  if (x.every((value, i) => i === 0 || value >= x[i - 1])) return metric;
  const order = x.map((_, i) => i).sort((a, b) => x[a] - x[b]);
  return { x: order.map((i) => x[i]), y: order.map((i) => y[i]) };
}

/** The usual distance between neighbours: their median, over at most some thousand of them. */
function usualDistance(xs: ArrayLike<number>): number {
  const stride = Math.ceil(xs.length / 2000);
  const distances: number[] = [];
  for (let i = 1; i < xs.length; i += stride) distances.push(xs[i] - xs[i - 1]);
  distances.sort((a, b) => a - b);
  const middle = distances.length >> 1;
  return (distances[middle] + distances[distances.length - 1 - middle]) / 2 || 0;
}

/** Breaks where much longer than usual nothing was recorded, and around what is not finite. */
function breaksOf(raw: ArrayLike<number>, index: ArrayLike<number>, y: Float64Array): Uint8Array {
  const [longRaw, longIndex] = [GAP * usualDistance(raw), GAP * usualDistance(index)];
  const breaks = new Uint8Array(y.length).fill(1, 0, 1);
  for (let i = 1; i < y.length; i++) {
    const isGap = raw[i] - raw[i - 1] > longRaw && index[i] - index[i - 1] > longIndex;
    if (isGap || !Number.isFinite(y[i]) || !Number.isFinite(y[i - 1])) breaks[i] = 1;
  }
  return breaks;
}

function placed(raw: ArrayLike<number>, axis: TimeAxis): Float64Array {
  const x = new Float64Array(raw.length);
  for (let i = 0; i < x.length; i++) x[i] = axis.place(raw[i]);
  return x;
}

/** One metric along an axis. `toIndex` tells distances in checkpoints, whatever the axis counts. */
export function curveOf(
  metric: Metric,
  hue: number,
  axis: TimeAxis,
  toIndex: TimeAxis,
  moments: Moments,
): Curve {
  const { x: raw, y: values } = sorted(metric);
  const x = placed(raw, axis);
  const y = new Float64Array(values);
  const index = axis === toIndex ? x : placed(raw, toIndex);
  const recorded = (k: number): number | null => {
    const wanted = moments.steps ? moments.steps[k] : k;
    if (wanted === null) return null;
    const i = bisectRight(raw, wanted) - 1;
    return i >= 0 && raw[i] === wanted ? y[i] : null;
  };
  return {
    name: metric.name,
    label: metric.run === undefined ? metric.name : `${metric.name} · ${metric.run}`,
    dashes: metric.dashes ?? "",
    hue,
    isShare: isShareName(metric.name),
    x,
    y,
    breaks: breaksOf(raw, index, y),
    values: Array.from({ length: moments.nCheckpoints }, (_, k) => recorded(k)),
  };
}

/** The finite values of curves within a span: lowest, highest, and the lowest at all places (null if none). */
export function extentOf(curves: Curve[], [lo, hi]: Span): Span | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { x, y } of curves)
    for (let i = bisectLeft(x, lo); i < x.length && x[i] <= hi; i++) {
      const value = y[i];
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  return high >= low ? [low, high] : null;
}

/** A little more than an extent, so that nothing touches the edges. */
export function padded([low, high]: Span, isLog: boolean): Span {
  if (isLog) {
    const factor = low === high ? 2 : (high / low) ** 0.05;
    return [low / factor, high * factor];
  }
  const pad = low === high ? Math.abs(low) / 2 || 0.5 : (high - low) * 0.05;
  return [low - pad, high + pad];
}

/** A tick in as few digits as tell it. */
function brief(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return Number(value.toPrecision(7)).toExponential();
  return String(Number(value.toPrecision(6)));
}

/** Two to four ticks with their texts: round values, or powers of ten where there are enough. */
export function valueTicks([low, high]: Span, isLog: boolean): { value: number; text: string }[] {
  const values = isLog ? logTicks(low, high) : linearTicks(low, high);
  const largest = Math.max(...values.map(Math.abs));
  const step = values.length > 1 ? Math.abs(values[1] - values[0]) : largest;
  const digits = Math.max(0, -Math.floor(Math.log10(step || 1) + 1e-9));
  const isPlain = !isLog && digits <= 4 && largest < 1e5;
  const text = (value: number) =>
    (isPlain ? value.toFixed(digits) : brief(value)).replace(/^-/, "−").replace("e+", "e");
  return values.map((value) => ({ value, text: text(value) }));
}

function linearTicks(low: number, high: number): number[] {
  const some = ticks(low, high, 3);
  return some.length > 4 ? ticks(low, high, 2) : some;
}

function logTicks(low: number, high: number): number[] {
  const [from, to] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const all = (factors: number[]) => {
    const list: number[] = [];
    for (let e = from; e <= to; e++) for (const f of factors) list.push(Number(`${f}e${e}`));
    return list.filter((value) => value >= low && value <= high);
  };
  const decades = all([1]);
  if (decades.length >= 2) {
    const stride = Math.ceil(decades.length / 4);
    return decades.filter((_, i) => i % stride === 0);
  }
  const some = [all([1, 3]), all([1, 2, 5])].find((list) => list.length >= 2);
  return some ?? linearTicks(low, high);
}

export interface Pixels {
  x: (x: number) => number;
  y: (y: number) => number;
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The points of a curve from just before to just after a span. */
export function within({ x }: Curve, [lo, hi]: Span): [from: number, to: number] {
  return [Math.max(0, bisectLeft(x, lo) - 1), Math.min(x.length, bisectRight(x, hi) + 1)];
}

/** An SVG path through at most four points a pixel column: the first, lowest, highest and last. */
export function curvePath(curve: Curve, span: Span, px: Pixels): string {
  const [from, to] = within(curve, span);
  const parts: string[] = [];
  let column: { left: number; xs: number[]; ys: number[]; starts: boolean } | null = null;
  const flush = () => {
    if (!column) return;
    const { xs, ys, starts } = column;
    const chosen = ys.length <= 4 ? ys.map((_, i) => i) : fourOf(ys);
    chosen.forEach((i, rank) => {
      parts.push(`${starts && rank === 0 ? "M" : "L"}${round(xs[i])},${round(ys[i])}`);
    });
    if (starts && chosen.length === 1) parts.push("h0"); // a point alone is a dot
    column = null;
  };
  for (let i = from; i < to; i++) {
    const starts = curve.breaks[i] === 1 || i === from;
    if (!Number.isFinite(curve.y[i])) continue;
    const x = px.x(curve.x[i]);
    const left = Math.floor(x);
    if (!column || starts || column.left !== left) {
      flush();
      column = { left, xs: [], ys: [], starts };
    }
    column.xs.push(x);
    column.ys.push(px.y(curve.y[i]));
  }
  flush();
  return parts.join("");
}

function fourOf(ys: number[]): number[] {
  let [low, high] = [0, 0];
  for (let i = 1; i < ys.length; i++) {
    if (ys[i] < ys[low]) low = i;
    if (ys[i] > ys[high]) high = i;
  }
  return [...new Set([0, low, high, ys.length - 1])].sort((a, b) => a - b);
}

/** Values that no scale can hold, at most one every `apart` pixels. */
export function oddPoints(curve: Curve, span: Span, px: Pixels, apart: number): { x: number; i: number }[] {
  const points: { x: number; i: number }[] = [];
  for (let i = bisectLeft(curve.x, span[0]); i < curve.x.length && curve.x[i] <= span[1]; i++) {
    if (Number.isFinite(curve.y[i])) continue;
    const x = px.x(curve.x[i]);
    if (points.length === 0 || x - points[points.length - 1].x >= apart) points.push({ x, i });
  }
  return points;
}

/** Marks at places along the bottom, at least `apart` pixels from each other. */
export function marksPath(
  at: ArrayLike<number>,
  span: Span,
  x: (x: number) => number,
  from: number,
  to: number,
  apart = 3,
): string {
  let path = "";
  let last = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < at.length; k++) {
    if (at[k] < span[0] || at[k] > span[1]) continue;
    const mark = x(at[k]);
    if (mark - last < apart) continue;
    last = mark;
    path += `M${round(mark)},${from}V${to}`;
  }
  return path;
}
