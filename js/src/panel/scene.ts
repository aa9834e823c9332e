// What the timeline shows at the moment: axis, visible curves, their scales and pixels. Pure; the chart draws it.
import type { Options } from "../options";
import { awayRanges } from "./away";
import { along, isUneven, type Span, type TimeAxis, timeAxis } from "./axis";
import { type Curve, curveOf, extentOf, type Metric, type Pixels, padded } from "./curves";
import type { Moments } from "./moment";

/** Tells about a place on the curve, in pixels; null is no place. */
export type Say = (x: number | null, text: string) => void;

/** What stands above the curve: events, drawn by the second part of the bundle. */
export interface Overhead {
  draw(scene: Scene, say: Say): SVGElement[];
  /** What happened at a checkpoint, in words. */
  at(checkpoint: number): string[];
}

export interface TimelineData extends Moments {
  /** x in steps if the history knows steps, otherwise in checkpoints; y may hold NaN and infinities. */
  metrics: Metric[];
  /** ‖w(t) − w(t−1)‖ at each checkpoint, shown where there are no metrics. */
  updateSizes: number[] | null;
  /** Whether a checkpoint is here, and not still with the kernel. */
  isHere?: (checkpoint: number) => boolean;
}

export type TimelineLooks = Pick<Options, "x" | "y" | "metrics">;

export interface Prepared {
  moments: Moments;
  axis: TimeAxis;
  curves: Curve[];
  isUneven: boolean;
  /** Checkpoints that are still with the kernel, in unbroken ranges (first, last). */
  away: [number, number][];
}

/** The values of some curves on one side of the plot. */
export interface Side {
  curves: Curve[];
  domain: Span;
  isLog: boolean;
  y: (value: number) => number;
}

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Scene {
  prepared: Prepared;
  span: Span;
  box: Box;
  x: (x: number) => number;
  left: Side | null;
  right: Side | null;
  overhead: Overhead | null;
}

export const UPDATE_SIZE = "size of the update ‖w(t) − w(t−1)‖";

/** The size of the update as a metric: nothing is recorded where there is no checkpoint before. */
function updateMetric(sizes: number[], steps: (number | null)[] | null): Metric {
  const metric: Metric = { name: UPDATE_SIZE, x: [], y: [] };
  sizes.forEach((size, k) => {
    const x = steps ? steps[k] : k;
    if (k === 0 || x === null || x === undefined) return;
    metric.x.push(x);
    metric.y.push(size);
  });
  return metric;
}

/** Everything that depends on the data and the layout along x, but not on size, zoom or choice of metrics. */
export function prepare(data: TimelineData, layout: "step" | "index"): Prepared {
  const hasSizes = data.metrics.length === 0 && data.updateSizes !== null && data.nCheckpoints > 1;
  const metrics = hasSizes ? [updateMetric(data.updateSizes!, data.steps)] : data.metrics;
  const xs = metrics.map((metric) => metric.x);
  const axis = timeAxis(data, xs, layout);
  const toIndex = axis.kind === "index" ? axis : timeAxis(data, [], "index");
  const names = [...new Set(metrics.map(({ name }) => name))];
  const moments = { nCheckpoints: data.nCheckpoints, steps: data.steps, epochs: data.epochs };
  return {
    moments,
    axis,
    curves: metrics.map((m) => curveOf(m, names.indexOf(m.name), axis, toIndex, moments)),
    isUneven: isUneven(data.steps),
    away: awayRanges(data.nCheckpoints, data.isHere),
  };
}

export const isShown = (looks: TimelineLooks, curve: Pick<Curve, "name">): boolean =>
  looks.metrics === null || curve.name === UPDATE_SIZE || looks.metrics.includes(curve.name);

/** The curves of the left axis and, if shares of one stand beside other metrics, those of the right one. */
export function sidesOf(curves: Curve[]): [left: Curve[], right: Curve[]] {
  const isMixed = curves.some((curve) => curve.isShare) && curves.some((curve) => !curve.isShare);
  return isMixed ? [curves.filter((c) => !c.isShare), curves.filter((c) => c.isShare)] : [curves, []];
}

/** Why the left axis cannot be logarithmic, in words; null if it can. */
export function whyNotLog(curves: Curve[]): string | null {
  for (const { name, y } of sidesOf(curves)[0])
    for (const value of y)
      if (Number.isFinite(value) && value <= 0)
        return `A logarithmic scale needs positive values: ${name} does not stay above 0`;
  return null;
}

const ratioOf = (value: number, [lo, hi]: Span, isLog: boolean): number =>
  isLog ? Math.log(value / lo) / Math.log(hi / lo) : (value - lo) / (hi - lo);

function sideOf(curves: Curve[], span: Span, { top, bottom }: Box, isLog: boolean): Side | null {
  if (curves.length === 0) return null;
  const everywhere: Span = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const extent = extentOf(curves, span) ?? extentOf(curves, everywhere);
  if (!extent) return { curves, domain: [0, 1], isLog: false, y: () => bottom };
  const domain = padded(extent, isLog);
  return { curves, domain, isLog, y: (value) => bottom - ratioOf(value, domain, isLog) * (bottom - top) };
}

/** Scales for a size in pixels, a zoom and the chosen looks. */
export function sceneOf(prepared: Prepared, looks: TimelineLooks, span: Span, box: Box): Scene {
  const shown = prepared.curves.filter((curve) => isShown(looks, curve));
  const [left, right] = sidesOf(shown);
  const isLog = looks.y === "log" && whyNotLog(shown) === null;
  const [lo, hi] = span;
  return {
    prepared,
    span,
    box,
    x: (x) => box.left + ((x - lo) / (hi - lo)) * (box.right - box.left),
    left: sideOf(left, span, box, isLog),
    right: sideOf(right, span, box, false),
    overhead: null,
  };
}

export const pixelsOf = (scene: Scene, side: Side): Pixels => ({ x: scene.x, y: side.y });

/** From pixels back to the axis. */
export const axisAt = ({ span: [lo, hi], box: { left, right } }: Scene, px: number): number =>
  lo + ((px - left) / (right - left)) * (hi - lo);

/** Where a fractional checkpoint is drawn; null outside of the zoom. */
export function headAt(scene: Scene, position: number): number | null {
  if (scene.prepared.moments.nCheckpoints === 0) return null;
  const x = along(scene.prepared.axis, position);
  return x >= scene.span[0] && x <= scene.span[1] ? scene.x(x) : null;
}
