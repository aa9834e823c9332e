// The drawing of the loss curve: built when data, looks or size change; between that only the playhead moves.
import { html, put, svg } from "../dom";
import { formatValue } from "../scale";
import { drawAway } from "./away";
import { timeTicks } from "./axis";
import { type Curve, curvePath, marksPath, oddPoints, valueTicks, within } from "./curves";
import { pixelsOf, type Say, type Scene, type Side } from "./scene";

export interface Chart {
  element: SVGSVGElement;
  /** A layer of its own: moving it lays nothing out and paints nothing anew. */
  playhead: HTMLElement;
  draw(scene: Scene, height: number): void;
  /** Move the playhead (null hides it); nothing is measured or built. */
  move(x: number | null): void;
  /** Show the dots and the values of a recorded checkpoint. */
  mark(checkpoint: number): void;
  ghost(x: number | null): void;
}

const AIRY_PX = 14; // recorded points that lie further apart than this are shown as dots
const ODD_PX = 3;
export const hueOf = (hue: number): string => `nwv-hue-${(hue % 6) + 1}`;

function drawSide(scene: Scene, side: Side, isRight: boolean): SVGGElement {
  const { left, right } = scene.box;
  const only = isRight && side.curves.length === 1 ? hueOf(side.curves[0].hue) : "";
  const group = svg("g", `nwv-axis ${only}`);
  for (const { value, text } of valueTicks(side.domain, side.isLog)) {
    const y = Math.round(side.y(value)) + 0.5;
    if (!isRight) group.append(svg("line", { x1: left, x2: right, y1: y, y2: y, class: "nwv-grid" }));
    const x = isRight ? right + 7 : left - 7;
    group.append(svg("text", { x, y: y + 3.5, "text-anchor": isRight ? "start" : "end" }, text));
  }
  return group;
}

function drawTime(scene: Scene): SVGGElement {
  const { axis } = scene.prepared;
  const { left, right, bottom } = scene.box;
  const base = bottom + 0.5;
  const group = svg("g", "nwv-axis");
  group.append(svg("line", { x1: left, x2: right, y1: base, y2: base, class: "nwv-base" }));
  group.append(
    svg("path", { d: marksPath(axis.at, scene.span, scene.x, bottom, bottom + 4), class: "nwv-marks" }),
  );
  const most = Math.max(2, Math.floor((right - left) / 80));
  const unitWidth = axis.unit.length * 6 + 8;
  group.append(svg("text", { x: left - 7, y: bottom + 15, "text-anchor": "end" }, axis.unit));
  for (const { x, text } of timeTicks(axis, scene.span, most)) {
    const px = scene.x(x);
    const half = text.length * 3;
    if (px - half < left - 3 && unitWidth > left) continue;
    group.append(svg("text", { x: px, y: bottom + 15, "text-anchor": "middle" }, text));
  }
  return group;
}

function drawCurve(scene: Scene, side: Side, curve: Curve): SVGElement[] {
  const px = pixelsOf(scene, side);
  const path = curvePath(curve, scene.span, px);
  const [from, to] = within(curve, scene.span);
  const elements: SVGElement[] = [
    svg("path", { d: path, class: `nwv-curve ${hueOf(curve.hue)} ${curve.dashes}` }),
  ];
  const isAiry = (scene.box.right - scene.box.left) / (to - from) > AIRY_PX;
  if (isAiry) {
    let dots = "";
    for (let i = from; i < to; i++)
      if (Number.isFinite(curve.y[i])) dots += `M${px.x(curve.x[i])},${px.y(curve.y[i])}h0`;
    elements.push(svg("path", { d: dots, class: `nwv-points ${hueOf(curve.hue)}` }));
  }
  return elements;
}

/** A × at the top edge where a value is NaN or infinite, with its name on hover. */
function drawOdd(scene: Scene, side: Side, curve: Curve): SVGElement[] {
  return oddPoints(curve, scene.span, pixelsOf(scene, side), ODD_PX).map(({ x, i }) => {
    const y = scene.box.top + 3;
    const d = `M${x - 2.5},${y - 2.5}l5,5m0,-5l-5,5`;
    const title = svg("title", {}, `${curve.label}: ${formatValue(curve.y[i])}`);
    return svg("path", { d, class: `nwv-odd ${hueOf(curve.hue)}` }, title);
  });
}

/** A nested drawing that clips to the plot, without an id that another widget might share. */
function clipped(scene: Scene, ...children: SVGElement[]): SVGSVGElement {
  const { left, right, top, bottom } = scene.box;
  const { full } = scene.prepared.axis;
  const pad = scene.span[0] === full[0] && scene.span[1] === full[1] ? 4 : 0; // for dots at the very ends
  const [x, y, width, height] = [left - pad, top - 4, right - left + 2 * pad, bottom - top + 4];
  return svg("svg", { x, y, width, height, viewBox: `${x} ${y} ${width} ${height}` }, ...children);
}

export function createChart(say: Say): Chart {
  const plot = svg("g");
  const dots = svg("g");
  const ghostLine = svg("line", { class: "nwv-ghost", visibility: "hidden" });
  const playhead = html("div", "nwv-playhead");
  const element = svg("svg", { class: "nwv-curves", "aria-hidden": "true" }, plot, ghostLine, dots);
  let scene: Scene | null = null;

  function move(x: number | null): void {
    playhead.hidden = x === null;
    if (x !== null) playhead.style.transform = `translateX(${x.toFixed(2)}px)`;
  }

  function ghost(x: number | null): void {
    put(ghostLine, "visibility", x === null ? "hidden" : "visible");
    if (x !== null) put(ghostLine, "transform", `translate(${x} 0)`);
  }

  function draw(next: Scene, height: number): void {
    scene = next;
    element.setAttribute("height", String(height));
    const sides = [next.left, next.right].filter((side): side is Side => side !== null);
    const curves = sides.flatMap((side) => side.curves.flatMap((curve) => drawCurve(next, side, curve)));
    const odd = sides.flatMap((side) => side.curves.flatMap((curve) => drawOdd(next, side, curve)));
    const axes = sides.map((side) => drawSide(next, side, side === next.right));
    const inside = clipped(next, ...drawAway(next), ...curves);
    plot.replaceChildren(...axes, drawTime(next), inside, ...odd, ...(next.overhead?.draw(next, say) ?? []));
    const [from, to] = [next.box.top - 3, next.box.bottom + 5];
    put(ghostLine, "y1", String(from));
    put(ghostLine, "y2", String(to));
    playhead.style.top = `${from}px`;
    playhead.style.height = `${to - from}px`;
  }

  function mark(checkpoint: number): void {
    const circles: SVGElement[] = [];
    for (const side of scene ? [scene.left, scene.right] : [])
      for (const curve of side?.curves ?? []) {
        const [value, at] = [curve.values[checkpoint], scene!.prepared.axis.at[checkpoint]];
        if (value === null || value === undefined || !Number.isFinite(value)) continue;
        if (at < scene!.span[0] || at > scene!.span[1]) continue;
        const [cx, cy] = [scene!.x(at), side!.y(value)];
        circles.push(svg("circle", { cx, cy, r: 3.5, class: `nwv-dot ${hueOf(curve.hue)}` }));
      }
    dots.replaceChildren(...circles);
  }

  return { element, playhead, draw, mark, move, ghost };
}
