// Where wires run and how far the frames of open blocks reach: past boxes, not through them. Geometry only.
import type { Block } from "../../hierarchy";
import { type Layout, type Place, rightOf } from "../../layout";
import type { Wire } from "../../network";

export interface Rect {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A frame around what is drawn of an open block. */
export interface Framed extends Rect {
  block: Block;
  canClose: boolean;
}

/** A wire's line, and where and in which direction (degrees, 0 to the right) it arrives. */
export interface Route {
  path: string;
  tip: [x: number, y: number, degrees: number];
}

export interface Routes {
  routes: Route[];
  frames: Framed[];
}

interface FrameSpec {
  block: Block;
  groups: string[];
  canClose: boolean;
}

export const FRAME = { padding: 12, title: 18 };
const CLEARANCE = 13; // of a wire from what it passes
const TRACK = 9; // between wires that run side by side
const CORNER = 10;
const BEND = 44; // over which a wire changes its height
const TIP = 5;
const HIGHEST = 46; // below the titles of a diagram without frames
const TITLES = 58; // above the groups
const TITLE_REACH = 40; // to both sides

export function rectOf(place: Place): Rect {
  const reach = Math.max(place.halfWidth, place.radius);
  return {
    left: place.x - reach,
    right: Math.max(place.x + reach, rightOf(place)),
    top: place.top,
    bottom: place.top + place.height,
  };
}

const middle = ({ top, bottom }: Rect): number => (top + bottom) / 2;

function around(rects: Rect[]): Rect {
  return rects.reduce((a, b) => ({
    left: Math.min(a.left, b.left),
    right: Math.max(a.right, b.right),
    top: Math.min(a.top, b.top),
    bottom: Math.max(a.bottom, b.bottom),
  }));
}

/** A wire with the rectangles of its ends; one end above all between may be lower than the other. */
interface Run {
  from: Rect;
  to: Rect;
  between: Rect[]; // what stands in the columns that it passes
}

const isClear = (between: Rect[], y: number): boolean =>
  between.every(({ top, bottom }) => y < top - 6 || y > bottom + 6);

/** Straight on, with one bend where there is room for it; null if something stands in the way. */
function direct({ from, to, between }: Run): Route | null {
  const [y0, y1] = [middle(from), middle(to)];
  const [x0, x1] = [from.right, to.left - TIP];
  const after = Math.max(x0, ...between.map(({ right }) => right));
  const before = Math.min(x1, ...between.map(({ left }) => left));
  const curve = (a: number, b: number) => {
    const half = (a + b) / 2;
    return `C${half},${y0} ${half},${y1} ${b},${y1}`;
  };
  const tip: Route["tip"] = [to.left, y1, 0];
  if (isClear(between, y0))
    return {
      path: `M${x0},${y0}H${Math.max(after, x1 - BEND)}${curve(Math.max(after, x1 - BEND), x1)}`,
      tip,
    };
  if (isClear(between, y1))
    return { path: `M${x0},${y0}${curve(x0, Math.min(before, x0 + BEND))}H${x1}`, tip };
  return null;
}

interface Arc {
  left: number;
  right: number;
  y: number;
}

/** Over all that stands between, above the arcs that are there already. */
function arch({ from, to }: Run, over: Rect[], arcs: Arc[], highest: number): Route {
  const offset = (rect: Rect) => Math.min(14, (rect.right - rect.left) / 4);
  const x0 = (from.left + from.right) / 2 + offset(from);
  const x1 = (to.left + to.right) / 2 - offset(to);
  let y = Math.min(from.top, to.top, ...over.map((rect) => rect.top)) - CLEARANCE;
  const crosses = (arc: Arc) => arc.left < x1 && arc.right > x0 && Math.abs(arc.y - y) < TRACK - 1;
  while (y > highest && arcs.some(crosses)) y -= TRACK;
  y = Math.max(highest, y);
  arcs.push({ left: x0, right: x1, y });
  const r = Math.min(CORNER, (x1 - x0) / 2, Math.max(0, to.top - y), Math.max(0, from.top - y));
  const rise = `M${x0},${from.top}V${y + r}Q${x0},${y} ${x0 + r},${y}`;
  return {
    path: `${rise}H${x1 - r}Q${x1},${y} ${x1},${y + r}V${to.top - TIP}`,
    tip: [x1, to.top, 90],
  };
}

/** Which frames hold each group, outer ones first. */
function framesByGroup(frames: FrameSpec[]): Map<string, FrameSpec[]> {
  const chains = new Map<string, FrameSpec[]>();
  for (const frame of frames)
    for (const id of frame.groups) {
      if (!chains.has(id)) chains.set(id, []);
      chains.get(id)!.push(frame);
    }
  return chains;
}

class Router {
  readonly #layout: Layout;
  readonly #zoom: number;
  readonly #isTitled: boolean;
  readonly #chains: Map<string, FrameSpec[]>;
  readonly #byColumn = new Map<number, Rect[]>();
  readonly #rects = new Map<FrameSpec, Framed>();
  readonly routes: Route[] = [];

  constructor(layout: Layout, frames: FrameSpec[], zoom: number, isTitled: boolean) {
    this.#layout = layout;
    this.#zoom = zoom;
    this.#isTitled = isTitled;
    this.#chains = framesByGroup(frames);
    for (const place of layout.places.values()) {
      if (place.group.role === "bias" || place.group.delayed_of) continue;
      const list = this.#byColumn.get(place.group.column) ?? [];
      list.push(rectOf(place));
      this.#byColumn.set(place.group.column, list);
    }
  }

  framed = (): Framed[] => [...this.#rects.values()].reverse();

  /** The innermost frame that holds both ends. */
  home(wire: Wire): FrameSpec | null {
    const [a, b] = [this.#chains.get(wire.source) ?? [], this.#chains.get(wire.target) ?? []];
    let home = null;
    for (let i = 0; i < a.length && a[i] === b[i]; i++) home = a[i];
    return home;
  }

  /** A place with its title, where that stands above it: frames and arches leave it in sight. */
  #titledRect(place: Place): Rect {
    const rect = rectOf(place);
    const hasTitle = this.#isTitled && place.form !== "box" && place.group.delayed_of === null;
    if (!hasTitle) return rect;
    const [left, right] = [place.x - TITLE_REACH * this.#zoom, place.x + TITLE_REACH * this.#zoom];
    return { left, right, top: Math.min(rect.top, this.#layout.top - TITLES), bottom: rect.bottom };
  }

  /** What a wire at home in a frame sees of a group: the outermost frame in there that holds it, or its own place. */
  #seen(id: string, home: FrameSpec | null): Rect | null {
    const chain = this.#chains.get(id) ?? [];
    const next = chain[home ? chain.indexOf(home) + 1 : 0];
    const place = this.#layout.places.get(id);
    return this.#rects.get(next) ?? (place && place.group.role !== "bias" ? this.#titledRect(place) : null);
  }

  /** Route the wires that are at home in a frame, whose inner frames are known, and then draw that frame round them. */
  settle(home: FrameSpec | null, wires: Wire[], groups: Iterable<string>): void {
    const items = new Set<Rect>();
    for (const id of groups) {
      const rect = this.#seen(id, home);
      if (rect) items.add(rect);
    }
    const arcs: Arc[] = [];
    for (const run of this.#runs(wires)) this.routes.push(direct(run) ?? this.#archOver(run, items, arcs));
    if (!home || items.size === 0) return;
    const inside = around([...items]);
    const padding = FRAME.padding * this.#zoom;
    const top = Math.min(inside.top, ...arcs.map((arc) => arc.y)) - FRAME.padding * 0.7 - FRAME.title;
    this.#rects.set(home, {
      block: home.block,
      canClose: home.canClose,
      left: inside.left - padding,
      right: inside.right + padding,
      top,
      bottom: inside.bottom + padding,
    });
  }

  #archOver(run: Run, items: Set<Rect>, arcs: Arc[]): Route {
    const over = [...items].filter((item) => item.left < run.to.left && item.right > run.from.right);
    return arch(run, over, arcs, this.#isTitled ? 8 : HIGHEST);
  }

  /** Short ones first, so that the longer ones arch over them. */
  #runs(wires: Wire[]): Run[] {
    const runs = wires.flatMap((wire): Run[] => {
      const [a, b] = [this.#layout.places.get(wire.source), this.#layout.places.get(wire.target)];
      if (!a || !b) return [];
      const between: Rect[] = [];
      for (let c = a.group.column + 1; c < b.group.column; c++)
        between.push(...(this.#byColumn.get(c) ?? []));
      return [{ from: rectOf(a), to: rectOf(b), between }];
    });
    return runs.sort((a, b) => a.to.left - a.from.right - (b.to.left - b.from.right));
  }
}

/** Routes of all wires and the rectangles of all frames, inner frames first, then outwards. */
export function routesOf(layout: Layout, wires: Wire[], frames: FrameSpec[], zoom = 1): Routes {
  const isTitled = frames.length > 0;
  const router = new Router(layout, frames, Math.min(1, zoom), isTitled);
  const atHome = new Map<FrameSpec | null, Wire[]>();
  for (const wire of wires) {
    const home = router.home(wire);
    if (!atHome.has(home)) atHome.set(home, []);
    atHome.get(home)!.push(wire);
  }
  for (const frame of [...frames].reverse()) router.settle(frame, atHome.get(frame) ?? [], frame.groups);
  router.settle(null, atHome.get(null) ?? [], layout.places.keys());
  return { routes: router.routes, frames: router.framed() };
}
