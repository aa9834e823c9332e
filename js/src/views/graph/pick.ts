// What is under the pointer: a unit, a gate tile, a folded lane, or a link. Geometry only.
import type { Selection } from "../../describe";
import type { Layout, Place } from "../../layout";
import type { Links } from "./links";

export type Hit =
  | { kind: "unit"; group: string; unit: number }
  | { kind: "tile"; group: string; port: string }
  | { kind: "fold"; group: string }
  | { kind: "link"; index: number };

const REACH_PX = 6;

function pickUnit(layout: Layout, x: number, y: number): Hit | null {
  let best: Hit | null = null;
  let nearest = Number.POSITIVE_INFINITY;
  for (const [id, place] of layout.places) {
    if (place.form === "folded") continue;
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
    for (const tile of place.tiles)
      if (x >= tile.x && x <= tile.x + tile.width && y >= tile.y && y <= tile.y + tile.height)
        return { kind: "tile", group, port: tile.port };
  }
  return null;
}

/** The nearest drawn link within reach; of two about equally near, the stronger (it is drawn on top). */
export function pickLink(
  ends: Float32Array,
  buckets: Uint8Array,
  mask: Uint8Array | null,
  x: number,
  y: number,
): number {
  let best = -1;
  let least = REACH_PX;
  for (let i = 0, e = 0; i < buckets.length; i++, e += 4) {
    if (buckets[i] === 0 || (mask && !mask[i])) continue;
    const x0 = ends[e];
    const dx = ends[e + 2] - x0;
    const t = (x - x0) / dx;
    if (t < 0 || t > 1) continue;
    const dy = ends[e + 3] - ends[e + 1];
    const distance = (Math.abs(y - ends[e + 1] - t * dy) * Math.abs(dx)) / Math.hypot(dx, dy);
    const cost = distance - (distance < REACH_PX ? buckets[i] * 0.015 : 0);
    if (cost < least) {
      least = cost;
      best = i;
    }
  }
  return best;
}

export function pick(
  layout: Layout,
  ends: Float32Array,
  buckets: Uint8Array,
  mask: Uint8Array | null,
  x: number,
  y: number,
): Hit | null {
  const near = pickUnit(layout, x, y) ?? pickBlock(layout, x, y);
  if (near) return near;
  const index = pickLink(ends, buckets, mask, x, y);
  return index < 0 ? null : { kind: "link", index };
}

/** What a reader who presses here selects. */
export function selectionOf(hit: Hit | null, links: Links): Selection | null {
  if (hit?.kind === "unit") return { group: hit.group, unit: hit.unit };
  if (hit?.kind !== "link") return null;
  const { bundle, target, source } = links.link(hit.index);
  return { bundle: bundle.id, target, source };
}
