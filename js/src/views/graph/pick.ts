// What is under the pointer: a unit, a gate tile, a folded lane, a tick, or a link. Geometry only.
import { isLink, type Selection } from "../../describe";
import type { Block } from "../../hierarchy";
import { type Strip, type Ticks, tickReach } from "../../images/plan";
import type { Layout, Place } from "../../layout";
import type { StripHit } from "../context";
import { unitInPicture } from "./gallery";
import type { Links } from "./links";

export type Hit =
  | { kind: "unit" | "pixel"; group: string; unit: number } // a pixel is a unit of an image
  | { kind: "tile"; group: string; port: string }
  | { kind: "fold" | "band"; group: string } // a folded lane, or the title of an open band
  | { kind: "frame"; block: Block } // the "−" of an open block
  | { kind: "tick"; bundle: string; unit: number } // of a bias or norm
  | { kind: "link"; index: number }
  | StripHit;

const REACH_PX = 6;
const TICK_REACH_PX = 3; // a tick is thin, and of a small bias short

function pickUnit(layout: Layout, x: number, y: number): Hit | null {
  let best: Hit | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [id, place] of layout.places) {
    if (place.form === "folded") continue;
    if (place.pictures.length > 0) {
      const unit = unitInPicture(place, place.grid, x, y);
      if (unit >= 0) return { kind: place.form === "image" ? "pixel" : "unit", group: id, unit };
      continue;
    }
    const reach = place.form === "box" ? place.halfWidth : Math.max(place.halfWidth, place.radius) + 4;
    if (Math.abs(x - place.x) > reach) continue;
    const unit = nearestUnit(place, y);
    const distance = Math.abs(place.unitY[unit] - y);
    if (distance <= Math.max(REACH_PX, place.spacing / 2) && distance < nearest) {
      nearest = distance;
      best = { kind: "unit", group: id, unit };
    }
  }
  return best;
}

function nearestUnit(place: Place, y: number): number {
  let best = 0;
  for (let unit = 1; unit < place.unitY.length; unit++)
    if (Math.abs(place.unitY[unit] - y) < Math.abs(place.unitY[best] - y)) best = unit;
  return best;
}

function pickBlock(layout: Layout, x: number, y: number): Hit | null {
  for (const [group, place] of layout.places) {
    const onBox = Math.abs(x - place.x) < 32 && y > place.top - 4 && y < place.top + place.height + 4;
    const onBottom = Math.abs(x - place.x) < 40 && y > layout.height - 20;
    const onSide = x < place.x - 6 && x > place.x - 90 && Math.abs(y - place.top - place.height / 2) < 10;
    const onTitle = onBottom || onSide;
    if (place.foldable && (place.form === "folded" ? onBox : onTitle)) return { kind: "fold", group };
    const onName = Math.abs(x - place.x) < 60 && y > place.top - 18 && y < place.top - 2;
    if (onName && place.group.band?.size === 1) return { kind: "band", group: place.group.band.of };
    for (const tile of place.tiles)
      if (x >= tile.x && x <= tile.x + tile.width && y >= tile.y && y <= tile.y + tile.height)
        return { kind: "tile", group, port: tile.port };
  }
  return null;
}

/** Where links run, and how strongly each is drawn (its bucket; 0 is not drawn). */
export interface Lines {
  strips: Strip[];
  buckets: Uint8Array;
  mask: Uint8Array | null;
}

/** What the pointer may hit beside units. */
export interface Targets extends Lines {
  ticks: Ticks[];
}

/** The nearest tick within reach; of two at one place the later, which is drawn on top. */
function pickTick(all: Ticks[], x: number, y: number): Hit | null {
  let best: Hit | null = null;
  let least = TICK_REACH_PX;
  for (const ticks of all)
    ticks.x.forEach((from, unit) => {
      const to = from + tickReach(ticks, unit);
      const beside = Math.max(Math.min(from, to) - x, x - Math.max(from, to), 0);
      const distance = Math.max(beside, Math.abs(y - ticks.y[unit]) - ticks.thickness / 2);
      if (!(distance <= least)) return; // NaN where a unit has none
      least = distance;
      best = { kind: "tick", bundle: ticks.bundle, unit };
    });
  return best;
}

/**
 * The nearest drawn link within reach; of two about equally near, the stronger (it is drawn on top). The ray from each
 * source through the pointer meets the target column at one height: only targets near it come into question.
 */
export function pickLink({ strips, buckets, mask }: Lines, x: number, y: number): number {
  let best = -1;
  let least = REACH_PX;
  for (const { start, nTarget, nSource, from, to, shown } of strips) {
    if (!shown || nTarget === 0) continue;
    const byHeight = Array.from({ length: nTarget }, (_, j) => j)
      .filter((j) => !Number.isNaN(to[2 * j + 1]))
      .sort((a, b) => to[2 * a + 1] - to[2 * b + 1]);
    if (byHeight.length === 0) continue;
    for (let i = 0; i < nSource; i++) {
      const [x0, y0] = [from[2 * i], from[2 * i + 1]];
      const dx = to[0] - x0;
      const t = (x - x0) / dx;
      if (t < 0 || t > 1) continue;
      const steepest = Math.max(
        Math.abs(to[2 * byHeight[0] + 1] - y0),
        Math.abs(to[2 * byHeight[byHeight.length - 1] + 1] - y0),
      );
      const reach = REACH_PX * Math.hypot(1, steepest / dx); // a steep link is near although far below
      const [low, high] = [(y - reach - y0) / t + y0, (y + reach - y0) / t + y0];
      for (let rank = firstAbove(byHeight, to, low); rank < byHeight.length; rank++) {
        const j = byHeight[rank];
        if (to[2 * j + 1] > high) break;
        const link = start + j * nSource + i;
        if (buckets[link] === 0 || (mask && !mask[link])) continue;
        const dy = to[2 * j + 1] - y0;
        const distance = (Math.abs(y - y0 - t * dy) * Math.abs(dx)) / Math.hypot(dx, dy);
        const cost = distance - (distance < REACH_PX ? buckets[link] * 0.015 : 0);
        if (cost >= least) continue;
        least = cost;
        best = link;
      }
    }
  }
  return best;
}

/** The first of the targets, sorted by height, that is at `low` or below it on the stage. */
function firstAbove(byHeight: number[], to: Float32Array, low: number): number {
  let [first, last] = [0, byHeight.length];
  while (first < last) {
    const middle = (first + last) >> 1;
    if (to[2 * byHeight[middle] + 1] < low) first = middle + 1;
    else last = middle;
  }
  return first;
}

export function pick(layout: Layout, targets: () => Targets, x: number, y: number): Hit | null {
  const near = pickUnit(layout, x, y) ?? pickBlock(layout, x, y);
  if (near) return near;
  const all = targets();
  const tick = pickTick(all.ticks, x, y);
  if (tick) return tick;
  const index = pickLink(all, x, y);
  return index < 0 ? null : { kind: "link", index };
}

/** What a reader who presses here selects; a pixel is one of the weights of the unit that is `portrayed` in it. */
export function selectionOf(hit: Hit | null, links: Links, portrayed: Selection | null): Selection | null {
  if (hit?.kind === "unit") return { group: hit.group, unit: hit.unit };
  if (hit?.kind === "pixel")
    return isLink(portrayed) ? { ...portrayed, source: hit.unit } : { group: hit.group, unit: hit.unit };
  if (hit?.kind === "tick") return { bundle: hit.bundle, target: hit.unit, source: 0 };
  if (hit?.kind === "strip") return hit.link;
  if (hit?.kind !== "link") return null;
  const { bundle, target, source } = links.link(hit.index);
  return { bundle: bundle.id, target, source };
}
