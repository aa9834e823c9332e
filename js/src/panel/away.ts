// Which stretches of the timeline are still with the kernel. Pure but for one drawn path.
import { svg } from "../dom";
import type { Scene } from "./scene";

/** Unbroken ranges of checkpoints, first and last, that are not here. */
export function awayRanges(n: number, isHere: (k: number) => boolean = () => true): [number, number][] {
  const ranges: [number, number][] = [];
  for (let k = 0; k < n; k++) {
    if (isHere(k)) continue;
    const range = ranges[ranges.length - 1];
    if (range && range[1] === k - 1) range[1] = k;
    else ranges.push([k, k]);
  }
  return ranges;
}

/** A shade behind the curves, from half-way after the last checkpoint that is here to half-way before the next. */
export function drawAway(scene: Scene): SVGElement[] {
  const { axis, away } = scene.prepared;
  if (away.length === 0) return [];
  const { left, right, top, bottom } = scene.box;
  const between = (k: number) =>
    Math.min(
      right,
      Math.max(left, scene.x(((axis.at[k] ?? axis.at[k + 1]) + (axis.at[k + 1] ?? axis.at[k])) / 2)),
    );
  const d = away.map(([first, last]) => `M${between(first - 1)},${top}V${bottom}H${between(last)}V${top}z`);
  return [svg("path", { d: d.join(""), class: "nwv-away" }, svg("title", {}, "not fetched yet"))];
}
