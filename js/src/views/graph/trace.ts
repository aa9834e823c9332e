// A small curve of one number over the checkpoints, with the playhead on it; NaN and infinities are marked below it.
import { svg } from "../../dom";
import type { Rect } from "./routes";

export interface Trace {
  element: SVGElement;
  move(checkpoint: number): void;
}

const LEAST_SPAN = 0.2; // of the largest value: a change of a thousandth must not look like one of everything

/** The range that is drawn: what there is, and never less than a fifth of the largest. */
export function traceDomain(values: ArrayLike<number>): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) continue;
    low = Math.min(low, values[k]);
    high = Math.max(high, values[k]);
  }
  if (high === 0) return [0, 1];
  return [Math.max(0, Math.min(low, high * (1 - LEAST_SPAN))), high];
}

export function trace(values: ArrayLike<number>, odd: ArrayLike<number>, span: Rect): Trace {
  const [low, high] = traceDomain(values);
  const x = (k: number) => span.left + (k / Math.max(1, values.length - 1)) * (span.right - span.left);
  const y = (value: number) => span.bottom - ((value - low) / (high - low)) * (span.bottom - span.top);
  let path = "";
  let marks = "";
  let pen = false;
  for (let k = 0; k < values.length; k++) {
    const isKnown = Number.isFinite(values[k]);
    if (isKnown) path += `${pen ? "L" : "M"}${x(k).toFixed(1)},${y(values[k]).toFixed(1)}`;
    if (odd[k] > 0) marks += `M${x(k).toFixed(1)},${span.bottom - 3}v4`;
    pen = isKnown;
  }
  const head = svg("line", { y1: span.top - 2, y2: span.bottom + 2, class: "nwv-spark-head" });
  const dot = svg("circle", { r: 2.2, class: "nwv-spark-dot" });
  const element = svg("g", {});
  element.append(head, svg("path", { d: path, class: "nwv-spark-path" }), dot);
  if (marks) element.append(svg("path", { d: marks, class: "nwv-odd-mark" }));
  const move = (k: number): void => {
    const at = x(k).toFixed(1);
    head.setAttribute("x1", at);
    head.setAttribute("x2", at);
    const isKnown = Number.isFinite(values[k]);
    dot.setAttribute("visibility", isKnown ? "visible" : "hidden");
    dot.setAttribute("cx", at);
    if (isKnown) dot.setAttribute("cy", y(values[k]).toFixed(1));
  };
  return { element, move };
}
