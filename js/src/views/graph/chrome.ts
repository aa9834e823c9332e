// The SVG of the graph: units, ports, lanes, boxes, wires and their names. Rebuilt on layout, not per frame.
import { svg } from "../../dom";
import { type Layout, MAX_PORTED_UNITS, MOST_NAME_PX, type Place, portOffset, rightOf } from "../../layout";
import { type Network, unitName } from "../../network";
import { gridWords, guessWords } from "../../portraits";
import type { Boxes } from "./boxes";
import { drawFrames, isReadByLines } from "./frames";
import { CHARACTER_PX, clip, text } from "./label";

export interface Chrome {
  root: SVGSVGElement;
  units: Map<string, SVGElement[]>; // by group id, then unit
  overlay: SVGGElement;
}

interface TitleRoom {
  alone: boolean; // the only group of its column: its title stands in the top row
  room: number;
  titleY: number;
  laneBottom: number;
}

/** A layer's further lines: what it is and how many units; its activation and what else shapes its output. */
function subtitles(network: Network, { group, grid }: Place, room: number): string[] {
  const layer = network.layers.find((l) => l.name === group.layer);
  if (grid) return [gridWords(grid)];
  const n = group.n_units * (group.band?.size ?? 1);
  const many = group.band && group.band.size > 1 ? `${group.n_units} bands of ${group.band.size}` : null;
  if (group.role === "input") return [`${n} input${n === 1 ? "" : "s"}`, ...(many ? [many] : [])];
  const kind = `${layer?.kind ?? ""} ${n}`.trim();
  const ports = group.n_units <= MAX_PORTED_UNITS ? group.ports.join(" ") : "";
  const gates = ports && `gates ${ports}`.length * CHARACTER_PX <= room ? `gates ${ports}` : ports;
  const extra = [many, gates, layer?.activation, ...(layer?.modifiers ?? [])].filter(
    (word): word is string => !!word,
  );
  const all = [kind, ...extra].join(" · ");
  return all.length * CHARACTER_PX <= room || extra.length === 0 ? [all] : [kind, extra.join(" · ")];
}

/** A guess about an image says on hover what it is of, and how to state the grid. */
function subtitle(
  line: string,
  at: { x: number; y: number },
  { group, grid }: Place,
  room: number,
): SVGElement {
  if (!grid?.isGuessed) return text(clip(line, room), { ...at, class: "nwv-subtitle" }, line);
  const element = text(line, { ...at, class: "nwv-subtitle nwv-told" });
  element.append(svg("title", {}, guessWords(group)));
  return element;
}

function titles(
  network: Network,
  place: Place,
  { alone, room, titleY, laneBottom }: TitleRoom,
): SVGElement[] {
  const { group } = place;
  if (group.role === "bias" || place.form === "folded") return [];
  const { band } = group;
  const range = band && !alone ? ` ${band.range}` : "";
  const name = `${group.label || group.id}${range}${band?.size === 1 ? " · fold" : ""}`;
  if (group.delayed_of !== null) {
    const words = place.foldable ? `${name} · fold` : name;
    if (alone) return [text(words, { x: place.x, y: laneBottom, class: "nwv-lane-title" })];
    const beside = { x: place.x - place.halfWidth - 9, y: place.top + place.height / 2 + 4 };
    return [text(words, { ...beside, class: "nwv-lane-title nwv-left" })];
  }
  const title = text(
    clip(name, room),
    { x: place.x, y: alone ? titleY : place.top - 6, class: "nwv-title" },
    name,
  );
  if (!alone) return [title];
  const more = subtitles(network, place, room);
  return [
    title,
    ...more.map((line, i) => subtitle(line, { x: place.x, y: titleY + 14 + 13 * i }, place, room)),
  ];
}

function unitMark(place: Place, unit: number): SVGElement {
  const mark = drawnUnit(place, unit);
  mark.dataset.group = place.group.id;
  mark.dataset.unit = String(unit);
  return mark;
}

function drawnUnit(place: Place, unit: number): SVGElement {
  const y = place.unitY[unit];
  const dashed = place.group.delayed_of !== null ? " nwv-delayed" : "";
  const isFramed = place.outputs !== null && place.form !== "ports"; // round a picture
  if (isFramed || (place.group.band && place.group.band.size > 1)) {
    const height = isFramed ? place.outputs!.height + 2 : Math.max(2, Math.min(20, place.spacing * 0.8));
    return svg("rect", {
      x: place.x - place.halfWidth,
      y: y - height / 2,
      width: 2 * place.halfWidth,
      height,
      rx: 2,
      class: `nwv-unit ${isFramed ? "nwv-outputs" : "nwv-band"}${dashed}`,
    });
  }
  if (place.form !== "ports")
    return svg("circle", { cx: place.x, cy: y, r: place.radius, class: `nwv-unit${dashed}` });
  const height = place.spacing * 0.84;
  const mark = svg("g", "nwv-unit");
  const w = place.halfWidth;
  mark.append(
    svg("rect", { x: place.x - w, y: y - height / 2, width: 2 * w, height, rx: Math.min(4, height / 4) }),
  );
  for (const port of place.group.ports) {
    const py = y + portOffset(place, port);
    mark.append(svg("line", { x1: place.x - w - 2, x2: place.x - w + 2, y1: py, y2: py, class: "nwv-port" }));
    if (height / place.group.ports.length >= 8.5 && !place.outputs)
      mark.append(text(port, { x: place.x, y: py + 3, class: "nwv-port-name" }));
  }
  return mark;
}

/** Names beside the units of the first and last columns, thinned where they would overlap. */
function unitNames(place: Place, side: "left" | "right", hasTicks: boolean): SVGElement[] {
  const room = MOST_NAME_PX;
  const every = Math.max(1, Math.ceil(11 / place.spacing));
  const beyond = hasTicks && !place.strips ? place.x + 17 : rightOf(place) + 7; // ticks of biases go to the right
  const x = side === "left" ? place.x - place.halfWidth - 7 : beyond;
  const where = side === "left" ? "nwv-left" : "nwv-right";
  const names: SVGElement[] = [];
  const ranked = [...place.unitY.keys()].sort((a, b) => place.unitY[a] - place.unitY[b]);
  for (let rank = 0; rank < ranked.length; rank += every) {
    const unit = ranked[rank];
    const name = unitName(place.group, unit);
    const y = place.unitY[unit] + 3.5;
    const whose = { "data-names": place.group.id, "data-unit": unit };
    names.push(text(clip(name, room), { x, y, class: `nwv-unit-name ${where}`, ...whose }, name));
  }
  return names;
}

/** The shape of a layer's first parameter, for a box that has nothing else to show. */
function shapeWords(network: Network, layer: string): string {
  const shapes = Object.entries(network.parameters).filter(
    ([name]) => name.startsWith(`${layer}.`) || name === layer,
  );
  return shapes.length > 0 ? shapes[0][1].join(" × ") || "one number" : "";
}

function box(network: Network, place: Place): SVGElement {
  const { x, top, halfWidth, group } = place;
  const height = Math.max(38, place.height * 0.8);
  const layer = network.layers.find((l) => l.name === group.layer);
  const root = svg("g", "nwv-box");
  const y = top + place.height / 2;
  root.append(
    svg("rect", { x: x - halfWidth, y: y - height / 2, width: 2 * halfWidth, height, rx: 5 }),
    text(clip(layer?.kind ?? group.label, 2 * halfWidth - 8), { x, y: y - 2, class: "nwv-box-name" }),
    text(clip(shapeWords(network, group.layer), 2 * halfWidth - 4), { x, y: y + 12, class: "nwv-fold-hint" }),
  );
  return root;
}

function folded(place: Place): SVGElement {
  const y = place.top + place.height / 2;
  const root = svg("g", "nwv-fold");
  root.append(
    svg("rect", { x: place.x - 32, y: y - 17, width: 64, height: 34, rx: 5 }),
    text(`${place.group.label} ${place.group.n_units * (place.group.band?.size ?? 1)}`, {
      x: place.x,
      y: y - 2,
      class: "nwv-fold-name",
    }),
    text("unfold", { x: place.x, y: y + 12, class: "nwv-fold-hint" }),
  );
  return root;
}

function tiles(place: Place): SVGElement[] {
  return place.tiles.map((tile) => {
    const open = tile.port === place.port;
    const root = svg("g", { class: open ? "nwv-tile nwv-open" : "nwv-tile" });
    root.append(
      svg("rect", { x: tile.x - 0.5, y: tile.y - 0.5, width: tile.width + 1, height: tile.height + 1 }),
      text(tile.port, {
        x: tile.x + tile.width + 8,
        y: tile.y + tile.height / 2 + 4,
        class: "nwv-tile-name",
      }),
      svg(
        "title",
        {},
        open ? `gate ${tile.port}: its links are drawn` : `gate ${tile.port}: click to draw its links`,
      ),
    );
    return root;
  });
}

/** Room for a column's title: to the nearest neighbouring column. */
function titleRoom(places: Place[], place: Place): number {
  const others = places.filter((other) => Math.abs(other.x - place.x) > 1 && other.group.role !== "bias");
  const sameRow = others.filter(
    (other) => (other.group.delayed_of !== null) === (place.group.delayed_of !== null),
  );
  return Math.min(150, ...sameRow.map((other) => Math.abs(other.x - place.x) - 4));
}

export function drawChrome(network: Network, layout: Layout, showLabels: boolean, boxes: Boxes): Chrome {
  const root = svg("svg", { class: "nwv-chrome", "aria-hidden": "true" });
  root.append(...boxes.under);
  const units = new Map<string, SVGElement[]>();
  const places = [...layout.places.values()];
  const last = Math.max(...places.map((place) => place.group.column));
  for (const place of places) {
    const { group } = place;
    if (boxes.byGroup.has(group.id)) continue;
    const isLane = (p: Place) => p.group.delayed_of !== null;
    const isBeside = (p: Place) => p !== place && p.group.column === group.column && p.group.role !== "bias";
    const alone = !places.some((p) => isBeside(p) && isLane(p) === isLane(place));
    const room = titleRoom(places, place);
    const rows = { titleY: layout.top - 44, laneBottom: layout.height - 6 };
    root.append(...titles(network, place, { alone, room, ...rows }));
    if (place.form === "folded") root.append(folded(place));
    else if (place.form === "box") root.append(box(network, place));
    else if (place.form === "bias") {
      const mark = svg("g", "nwv-unit nwv-bias");
      const y = place.top + place.height / 2;
      mark.append(
        svg("circle", { cx: place.x, cy: y, r: 7 }),
        text(unitName(group, 0), { x: place.x, y: y + 3.5, class: "nwv-bias-name" }),
      );
      units.set(group.id, [mark]);
      root.append(mark);
    } else if (place.pictures.length > 0) {
      const isLast = group.column === last;
      const { marks, others } = drawFrames(place, {
        showLabels,
        isLast,
        isRead: isReadByLines(network, layout, place),
      });
      units.set(group.id, marks);
      root.append(...others, ...marks);
    } else {
      const marks = Array.from({ length: group.n_units }, (_, unit) => unitMark(place, unit));
      units.set(group.id, marks);
      root.append(...marks, ...tiles(place));
      if (showLabels && !group.delayed_of && group.role === "input")
        root.append(...unitNames(place, "left", false));
      if (showLabels && !group.delayed_of && group.column === last && group.role !== "input")
        root.append(
          ...unitNames(
            place,
            "right",
            [...layout.ticked.values()].some(({ target }) => target === group.id),
          ),
        );
    }
  }
  root.append(...boxes.over);
  const overlay = svg("g", "nwv-overlay");
  root.append(overlay);
  return { root, units, overlay };
}
