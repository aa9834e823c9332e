// Where everything stands: columns of groups, units, ports, lanes, bands. Pure geometry in stage pixels.
import { columnPositions, grouped, hasBands } from "./columns";
import { placeImage, placePortraits, portraitRows } from "./hanging";
import type { Bundle, Group, Network } from "./network";
import type { Exhibit, Grid } from "./portraits";

export const MAX_PORTED_UNITS = 16;
export const MAX_BIAS_LINKS = 16;
const MAX_SPACING = 60;
export const MARGIN = { top: 58, right: 64, bottom: 14, left: 64 };
export const MOST_NAME_PX = 110;
const LANE_TITLE = 16;
const LANE_SHARE = 0.36;
const BESIDE = { unit: 6, tick: 16, links: 3 }; // where history strips begin, and what follows them
/** Pictures of outputs: the spacing of units that they take at least, and want; their size; the room of lanes beside them. */
export const PICTURED = { least: 24, wanted: 28, aspect: 1.25, laneShare: 0.22, score: 48 }; // below predictions

export interface BoxSize {
  width: number;
  height: number;
}

export interface LayoutLooks {
  width: number;
  height: number;
  unfolded: Record<string, string | boolean>;
  order: ReadonlyMap<string, Int32Array>; // group id -> unit indices from top to bottom
  boxes?: Map<string, BoxSize>; // group id -> what its box asks for; others are 80 wide and share the height
  headroom?: number; // above all groups, for the names of frames
  footroom?: number; // and below
  edges?: number[]; // extra pixels before each column, for the sides of frames
  exhibits?: Map<string, Exhibit>; // group id -> how its units are portrayed
  strips?: ReadonlyMap<string, number>; // group id -> how wide the history strips beside its units are
  pictured?: ReadonlySet<string>; // ids of groups whose units are pictures of their outputs, given room
}

/** How a group is drawn: plain nodes, nodes with gate ports, gate bands (one unfolded), a folded lane, a box, pictures. */
export type Form = "nodes" | "ports" | "bands" | "folded" | "box" | "bias" | "portraits" | "image";

/** The place of a unit's portrait, or of one channel of an image. */
export interface Picture {
  unit: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Place {
  group: Group;
  form: Form;
  x: number;
  top: number;
  height: number;
  spacing: number;
  unitY: Float32Array; // by unit index; NaN where a unit has a picture but no links
  pictures: Picture[];
  exhibit: Exhibit | null; // of a layer of portraits
  grid: Grid | null; // of an image
  radius: number;
  halfWidth: number;
  outputs: BoxSize | null; // of the picture of each unit's outputs, where there is room
  port: string | null; // the unfolded gate of a banded group
  foldable: boolean; // a lane that is drawn as one box unless it is unfolded
  tiles: { port: string; x: number; y: number; width: number; height: number }[];
  strips: { x: number; width: number } | null; // of the histories of its links, which its own links leave from
}

export interface Layout {
  places: Map<string, Place>;
  width: number; // of the content; wider than the stage when columns need more room
  height: number;
  top: number; // of the groups; their titles stand above it
  laneTop: number | null;
  maxLineWidth: number;
  ticked: ReadonlyMap<string, Bundle>; // biases and norms that are signed ticks, by id
}

export const isBanded = (group: Group): boolean => group.ports.length > 0 && group.n_units > MAX_PORTED_UNITS;

/** Whether a bundle has one entry a unit: a bias, or what a norm scales or shifts by. */
export const isOneByOne = ({ role }: Bundle): boolean => role === "bias" || role === "norm";

/** Biases and norms are links from a "1" up to 16 target units, signed ticks on the units above, and below portraits. */
function tickedBiases(network: Network, { exhibits }: LayoutLooks): Map<string, Bundle> {
  const isTicked = ({ shape, target }: Bundle) => shape[0] > MAX_BIAS_LINKS || exhibits?.has(target);
  const ticked = network.bundles.filter((bundle) => isOneByOne(bundle) && isTicked(bundle));
  return new Map(ticked.map((bundle) => [bundle.id, bundle]));
}

const isFoldable = (group: Group): boolean => group.delayed_of !== null && group.n_units > MAX_PORTED_UNITS;

/** Biases and norms whose links are lines: their "1" or "×" is drawn. */
function linedBiases(network: Network, ticked: Layout["ticked"]): Set<string> {
  const lined = network.bundles.filter((bundle) => isOneByOne(bundle) && !ticked.has(bundle.id));
  return new Set(lined.map((bundle) => bundle.source));
}

/** The grid of a group that others are portraits of. */
export const imageOf = (group: Group, { exhibits }: Pick<LayoutLooks, "exhibits">): Grid | null =>
  [...(exhibits?.values() ?? [])].find(({ source }) => source === group.id)?.grid ?? null;

function formOf(group: Group, biases: Set<string>, looks: LayoutLooks): Form | null {
  if (group.role === "box") return "box";
  if (group.role === "bias") return biases.has(group.id) ? "bias" : null;
  if (looks.exhibits?.has(group.id)) return "portraits";
  if (imageOf(group, looks)) return "image";
  if (isFoldable(group) && !looks.unfolded[group.id]) return "folded";
  if (isBanded(group)) return "bands";
  return group.ports.length > 0 ? "ports" : "nodes";
}

interface Slot {
  group: Group;
  form: Form;
  rows: number; // how much height it asks for
  pixels: number; // and how much of it whatever the room
}

/** Stack slots in [top, bottom], sharing the height by the rows they ask for, each centred in its share. */
function stack(
  slots: Slot[],
  x: number,
  top: number,
  bottom: number,
  looks: LayoutLooks,
  places: Map<string, Place>,
): void {
  // A group below another needs room for its title; a bias has none.
  const gaps = slots.map((slot, i): number => (i === 0 ? 0 : slot.form === "bias" ? 10 : 24));
  const rows = slots.reduce((sum, slot) => sum + slot.rows, 0);
  const pixels = slots.reduce((sum, slot) => sum + slot.pixels, 0);
  const room = bottom - top - gaps.reduce((sum, gap) => sum + gap, 0);
  const fixed = Math.min(1, room / Math.max(1, pixels + (rows > 0 ? room / 2 : 0)));
  const step = Math.min(MAX_SPACING, (room - fixed * pixels) / Math.max(1, rows));
  let y = top + (room - step * rows - fixed * pixels) / 2;
  slots.forEach((slot, i) => {
    const height = step * slot.rows + fixed * slot.pixels;
    y += gaps[i];
    const beside = slot.form === "bias" ? places.get(slot.group.beside ?? "") : undefined;
    // Its lines start at the edge of portraits and strips, and so do not cross them.
    const hasEdge = beside && (beside.form === "portraits" || beside.strips);
    const edge = hasEdge ? rightOf(beside) - beside.x : 0;
    places.set(slot.group.id, place(slot, x + edge, y, height, looks));
    y += height;
  });
}

function place(slot: Slot, x: number, top: number, height: number, looks: LayoutLooks): Place {
  const { group, form } = slot;
  const spacing = height / Math.max(1, group.n_units);
  const unitY = new Float32Array(group.n_units);
  const order = looks.order.get(group.id);
  for (let rank = 0; rank < group.n_units; rank++)
    unitY[order ? order[rank] : rank] = top + (rank + 0.5) * spacing;
  const radius = Math.max(1.2, Math.min(7, spacing * 0.36));
  const boxWidth = looks.boxes?.get(group.id)?.width ?? 80;
  const isPictured = looks.pictured?.has(group.id) && (form === "nodes" || form === "ports");
  const outputs = isPictured && !(group.band && group.band.size > 1) ? outputsBox(form, spacing) : null;
  const portWidth = Math.max(5, Math.min(9, spacing * 0.3));
  const reach = outputs && outputs.width / 2 + (form === "ports" ? 4 : 1);
  const halfWidth = reach ?? (form === "ports" ? portWidth : form === "box" ? boxWidth / 2 : radius);
  const unfolded = looks.unfolded[group.id];
  const port = form === "bands" ? (typeof unfolded === "string" ? unfolded : group.ports[0]) : null;
  const exhibit = looks.exhibits?.get(group.id) ?? null;
  const grid = form === "image" ? imageOf(group, looks) : null;
  const foldable = isFoldable(group);
  const about = { group, form, x, top, height, spacing, unitY, radius, halfWidth, outputs, port, foldable };
  const beside = BESIDE.unit + Math.max(halfWidth, group.n_units > MAX_BIAS_LINKS ? BESIDE.tick : 0);
  const width = looks.strips?.get(group.id);
  const strips = width ? { x: x + beside, width } : null;
  const placed: Place = { ...about, tiles: [], pictures: [], exhibit, grid, strips };
  if (exhibit) placePortraits(placed, exhibit, looks.width);
  if (grid) placeImage(placed, grid, looks.width);
  return placed;
}

/** Where the lowest picture of outputs ends. */
function lowestPicture(slots: Slot[], places: Map<string, Place>): number {
  const here = slots.map(({ group }) => places.get(group.id)!);
  const ends = here.map(({ top, height, spacing, outputs }) =>
    outputs ? top + height - (spacing - outputs.height) / 2 : 0,
  );
  return Math.max(0, ...ends);
}

/** The size of a picture where units are so far apart; null where that is too close. */
export function outputsBox(form: Form, spacing: number, zoom = 1): BoxSize | null {
  if (spacing < PICTURED.least) return null;
  const height = Math.round(Math.min((form === "ports" ? 66 : 52) * zoom, spacing * 0.84 - 3));
  return { width: Math.round(height * PICTURED.aspect), height };
}

function rowsOf(group: Group, form: Form): number {
  if (form === "bias") return 1;
  if (form === "box") return 1.6;
  if (form === "folded") return 2;
  if (form === "portraits") return portraitRows(group);
  if (form === "image") return 8;
  if (group.band && group.band.size > 1) return group.n_units * 1.5;
  return form === "ports" ? group.n_units * 1.35 : group.n_units;
}

/** Small matrices of the gates of a banded group, in the lane region below its units. */
function placeTiles(place: Place, top: number, bottom: number): void {
  const n = place.group.ports.length;
  const step = (bottom - top) / n;
  const height = Math.min(44, step - 5);
  place.tiles = place.group.ports.map((port, i) => ({
    port,
    x: place.x - 30,
    y: top + i * step,
    width: 60,
    height,
  }));
}

export function layoutNetwork(network: Network, looks: LayoutLooks): Layout {
  const columns = grouped(network.groups, (group) => group.column);
  const { x, width, gaps } = columnPositions(columns, looks);
  const ticked = tickedBiases(network, looks);
  const biases = linedBiases(network, ticked);
  const slots = network.groups.flatMap((group): Slot[] => {
    const form = formOf(group, biases, looks);
    const pixels = looks.boxes?.get(group.id)?.height ?? 0;
    return form ? [{ group, form, rows: pixels > 0 ? 0 : rowsOf(group, form), pixels }] : [];
  });
  const slotsAt = grouped(slots, ({ group }) => group.column);
  const lanes = new Set(network.groups.filter((group) => group.delayed_of !== null).map((group) => group.id));
  const isLane = ({ group }: Slot) =>
    lanes.has(group.id) || (group.role === "bias" && lanes.has(group.beside ?? ""));
  const bottom = looks.height - MARGIN.bottom - (looks.footroom ?? 0);
  const top = MARGIN.top + (looks.headroom ?? 0);
  const laneShare = looks.pictured?.size ? PICTURED.laneShare : LANE_SHARE;
  const laneTop = lanes.size > 0 ? bottom - (bottom - top) * laneShare : null;
  const mainBottom = laneTop === null ? bottom : laneTop - 18;
  const places = new Map<string, Place>();
  for (let column = 0; column < x.length; column++) {
    const here = slotsAt.get(column) ?? [];
    const main = here.filter((slot) => !isLane(slot));
    stack(main, x[column], top, mainBottom, looks, places);
    const isLast = column === x.length - 1;
    if (isLast && lowestPicture(main, places) + PICTURED.score > looks.height)
      stack(main, x[column], top, looks.height - PICTURED.score, looks, places);
    if (laneTop !== null) {
      // As far to the source side as the gate matrices of the layer before leave room.
      const laneX = x[column] - (hasBands(columns, column - 1) ? 0.5 : 0.8) * gaps[column];
      stack(here.filter(isLane), laneX, laneTop, bottom - LANE_TITLE, looks, places);
    }
  }
  for (const place of places.values())
    if (place.form === "bands" && laneTop !== null) placeTiles(place, laneTop, bottom);
  const stage = { places, width, height: looks.height, top, laneTop };
  return { ...stage, maxLineWidth: maxLineWidth(network, places), ticked };
}

/**
 * Lines may be as wide as the closest ports or units that they meet leave room for, and the thinner the more of them
 * run into one group: a slab of wide lines shows nothing.
 */
function maxLineWidth(network: Network, places: Map<string, Place>): number {
  const rooms = [...places.values()]
    .filter(({ form }) => form === "nodes" || form === "ports" || form === "bands" || form === "portraits")
    .map(({ form, spacing, group }) => (form === "ports" ? (spacing * 0.84) / group.ports.length : spacing));
  const into = grouped(network.bundles, (bundle) => bundle.target);
  const crowds = [...places.values()].map(({ group, port }) =>
    (into.get(group.id) ?? [])
      .filter((bundle) => port === null || bundle.port === port)
      .filter((bundle) => places.get(bundle.source)?.form !== "image")
      .reduce((n, bundle) => n + bundle.shape[0] * bundle.shape[1], 0),
  );
  return Math.max(1, Math.min(6.5, Math.min(...rooms) * 0.9, 90 / Math.sqrt(Math.max(1, ...crowds))));
}

/** Where a bundle's links leave a source unit. */
export function sourcePoint(place: Place, unit: number): [number, number] {
  if (place.form === "bias") return [place.x, place.top + place.height / 2];
  return [rightOf(place), place.unitY[unit]];
}

/** Where units and what stands beside them end. */
export const rightOf = ({ x, halfWidth, strips }: Place): number =>
  strips ? strips.x + strips.width + BESIDE.links : x + halfWidth;

/** Where a bundle's links meet a target unit: at the port of their gate where the unit has ports. */
export function targetPoint(place: Place, unit: number, port: string | null): [number, number] {
  const y = place.unitY[unit];
  if (place.form !== "ports" || port === null) return [place.x - place.halfWidth, y];
  return [place.x - place.halfWidth, y + portOffset(place, port)];
}

export function portOffset(place: Place, port: string): number {
  const n = place.group.ports.length;
  return ((place.group.ports.indexOf(port) + 0.5) / n - 0.5) * place.spacing * 0.84;
}

/** The biases and norms whose ticks are on the stage: of units with bands, those of the unfolded gate. */
export const ticksOnStage = ({ ticked, places }: Layout): Bundle[] =>
  [...ticked.values()].filter(({ target, port }) => {
    const place = places.get(target);
    return place && (place.form !== "bands" || port === place.port);
  });

/** Whether a bundle's links have both ends on the stage: not folded away, and its gate is the unfolded one. */
export function isDrawable(layout: Layout, bundle: Bundle): boolean {
  const source = layout.places.get(bundle.source);
  const target = layout.places.get(bundle.target);
  if (!source || !target || layout.ticked.has(bundle.id)) return false;
  if (source.form === "folded" || source.form === "image") return false;
  return target.form !== "bands" || bundle.port === target.port;
}
