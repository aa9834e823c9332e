// Axes of a figure: scales from values to pixels, linear or logarithmic, and what is drawn of them in SVG.
import { svg } from "../dom";
import { formatValue } from "../scale";
import { ticks } from "../ticks";

export interface Scale {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  readonly isLog: boolean;
  /** From a value to a pixel; NaN for what a logarithmic scale has no place for. */
  (value: number): number;
  /** From a pixel to a value. */
  at(pixel: number): number;
}

/** A scale of `domain` on `range`, in pixels; a logarithmic one needs a positive domain. */
export function scaleOf(domain: [number, number], range: [number, number], isLog = false): Scale {
  const [low, high] = domain[0] === domain[1] ? [domain[0] - 0.5, domain[1] + 0.5] : domain;
  const into = isLog ? Math.log10 : (value: number) => value;
  const [from, to] = [into(low), into(high)];
  const scale = (value: number) => {
    const place = into(value);
    return Number.isFinite(place)
      ? range[0] + ((place - from) / (to - from)) * (range[1] - range[0])
      : Number.NaN;
  };
  const at = (pixel: number) => {
    const place = from + ((pixel - range[0]) / (range[1] - range[0])) * (to - from);
    return isLog ? 10 ** place : place;
  };
  return Object.assign(scale, { domain: [low, high] as const, range, isLog, at });
}

/**
 * Round values of a scale, about `most` of them. Where it is logarithmic: powers of ten if there are two or more, their
 * double and fivefold in a narrower domain, and in a very narrow one values as on a linear scale.
 */
export function ticksOf({ domain: [low, high], isLog }: Scale, most: number): number[] {
  if (!isLog) return ticks(low, high, Math.max(2, most));
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  if (to - from < 1) {
    const some = [from - 1, from, to + 1].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
    const inside = [...new Set(some)].filter((value) => value >= low && value <= high);
    return inside.length > 1 ? inside : ticks(low, high, Math.max(2, most)).filter((value) => value > 0);
  }
  const stride = Math.max(1, Math.ceil((to - from + 1) / most));
  return Array.from({ length: Math.floor((to - from) / stride) + 1 }, (_, i) => 10 ** (from + i * stride));
}

/** Where a figure's drawing lies within it. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export interface AxisLooks {
  scale: Scale;
  title: string;
  format?: (value: number) => string;
  most?: number;
  /** Instead of round values. */
  ticks?: { value: number; text: string }[];
}

function marks({ scale, format = formatValue, most = 6, ticks: given }: AxisLooks) {
  const told = given ?? ticksOf(scale, most).map((value) => ({ value, text: format(value) }));
  return told.map(({ value, text }) => ({ at: scale(value), text })).filter(({ at }) => Number.isFinite(at));
}

/** Draw a frame with an axis below and one at the left, into an SVG group of class `nwv-axes`. */
export function drawAxes(box: Box, x: AxisLooks | null, y: AxisLooks | null): SVGGElement {
  const { left, top, right, bottom } = box;
  const group = svg("g", "nwv-axes");
  group.append(svg("rect", { x: left, y: top, width: right - left, height: bottom - top }));
  for (const { at, text } of x ? marks(x) : [])
    group.append(
      svg("line", { x1: at, x2: at, y1: bottom, y2: bottom + 4 }),
      svg("text", { x: at, y: bottom + 16, "text-anchor": "middle" }, text),
    );
  for (const { at, text } of y ? marks(y) : [])
    group.append(
      svg("line", { x1: left - 4, x2: left, y1: at, y2: at }),
      svg("text", { x: left - 7, y: at + 4, "text-anchor": "end" }, text),
    );
  if (x)
    group.append(svg("text", { x: (left + right) / 2, y: bottom + 32, "text-anchor": "middle" }, x.title));
  if (y) {
    const middle = (top + bottom) / 2;
    const transform = `translate(${left - 46} ${middle}) rotate(-90)`;
    group.append(svg("text", { transform, "text-anchor": "middle" }, y.title));
  }
  return group;
}
