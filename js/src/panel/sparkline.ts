// A small curve of one link's history with the playhead on it. Gaps where nothing was recorded.
import { svg } from "../dom";

export interface Sparkline {
  element: SVGSVGElement;
  move(checkpoint: number): void;
}

export function sparkline(
  values: ArrayLike<number>,
  width: number,
  height: number,
  checkpoint: number,
): Sparkline {
  const finite = Array.from(values).filter(Number.isFinite);
  const most = Math.max(0, ...finite);
  const least = Math.min(0, ...finite);
  const span = most - least || 1;
  const pad = 3;
  const x = (k: number) => pad + (k / Math.max(1, values.length - 1)) * (width - 2 * pad);
  const y = (value: number) => pad + ((most - value) / span) * (height - 2 * pad);
  let path = "";
  let pen = false;
  for (let k = 0; k < values.length; k++) {
    if (Number.isFinite(values[k])) path += `${pen ? "L" : "M"}${x(k).toFixed(1)},${y(values[k]).toFixed(1)}`;
    pen = Number.isFinite(values[k]);
  }
  const element = svg("svg", { width, height, class: "nwv-sparkline", "aria-hidden": "true" });
  const head = svg("line", { y1: 0, y2: height, class: "nwv-spark-head" });
  const dot = svg("circle", { r: 2.5, class: "nwv-spark-dot" });
  element.append(
    svg("line", { x1: 0, x2: width, y1: y(0), y2: y(0), class: "nwv-spark-zero" }),
    svg("path", { d: path, class: "nwv-spark-path" }),
    head,
    dot,
  );
  const move = (k: number): void => {
    head.setAttribute("x1", x(k).toFixed(1));
    head.setAttribute("x2", x(k).toFixed(1));
    dot.setAttribute("cx", x(k).toFixed(1));
    const shown = Number.isFinite(values[k]);
    dot.setAttribute("visibility", shown ? "visible" : "hidden");
    if (shown) dot.setAttribute("cy", y(values[k]).toFixed(1));
  };
  move(checkpoint);
  return { element, move };
}
