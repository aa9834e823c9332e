// The axes of a surface, which turn with it: two on the ground at the sides that are near, one upwards at the left.
import { type Attributes, svg } from "../../dom";
import type { Point, Projection } from "./projection";

export interface Tick {
  /** From -1 to 1 along the ground, or from 0 to 1 upwards. */
  at: number;
  text: string;
}

export interface Axis {
  title: string;
  ticks: Tick[];
}

type Place = (at: number) => Point;

/** An axis from one point to another, its texts on the side that is away from `middle`. */
function axisAlong(
  place: Place,
  [from, to]: [number, number],
  { title, ticks }: Axis,
  middle: Point,
): SVGElement {
  const group = svg("g");
  const [[x0, y0], [x1, y1]] = [place(from), place(to)];
  const length = Math.hypot(x1 - x0, y1 - y0) || 1;
  let [ux, uy] = [(y1 - y0) / length, -(x1 - x0) / length];
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  if ((cx - middle[0]) * ux + (cy - middle[1]) * uy < 0) [ux, uy] = [-ux, -uy];
  const anchor = ux > 0.4 ? "start" : ux < -0.4 ? "end" : "middle";
  group.append(svg("line", { x1: x0, y1: y0, x2: x1, y2: y1 }));
  const most = Math.max(1, Math.floor(length / (18 + 20 * Math.abs(uy))));
  const stride = Math.ceil(ticks.length / most);
  for (const [i, { at, text }] of ticks.entries()) {
    if (i % stride) continue;
    const [x, y] = place(at);
    const looks: Attributes = { x: x + 8 * ux, y: y + 8 * uy + 4 + 4 * uy, "text-anchor": anchor };
    group.append(svg("line", { x1: x, y1: y, x2: x + 4 * ux, y2: y + 4 * uy }), svg("text", looks, text));
  }
  let angle = (Math.atan2(y1 - y0, x1 - x0) * 180) / Math.PI;
  if (angle > 90) angle -= 180;
  if (angle <= -90) angle += 180;
  const [tx, ty] = [cx + 40 * ux, cy + 34 * uy + 4];
  const looks: Attributes = { transform: `translate(${tx} ${ty}) rotate(${angle})`, "text-anchor": "middle" };
  group.append(svg("text", looks, title));
  return group;
}

/** The corners of the ground, as seen. */
export const CORNERS: Point[] = [
  [-1, -1],
  [1, -1],
  [1, 1],
  [-1, 1],
];

/** Where the axes of values and time stand: at the sides that are near. */
export const nearSides = (projection: Projection): Point => {
  const [x, y] = projection.isFarther;
  return [x ? -1 : 1, y ? -1 : 1];
};

export function drawFrame(projection: Projection, axes: { x: Axis; y: Axis; z: Axis }): SVGElement {
  const group = svg("g", "nwv-axes");
  const [nearX, nearY] = nearSides(projection);
  const middle = projection.at(0, 0, 0);
  const left = CORNERS.reduce((a, b) => (projection.at(...b, 0)[0] < projection.at(...a, 0)[0] ? b : a));
  group.append(
    axisAlong((x) => projection.at(x, nearY, 0), [-1, 1], axes.x, middle),
    axisAlong((y) => projection.at(nearX, y, 0), [-1, 1], axes.y, middle),
    axisAlong((z) => projection.at(...left, z), [0, 1], axes.z, projection.at(0, 0, 0.5)),
  );
  return group;
}
