// The SVG of the graph: units, ports, lanes, boxes, wires and their names. Rebuilt on layout, not per frame.
import { svg } from "../../dom";
import { type Layout, type Place, portOffset } from "../../layout";
import { type Group, type Network, unitName } from "../../network";

const CHARACTER_PX = 6.1;

export interface Chrome {
  root: SVGSVGElement;
  units: Map<string, SVGElement[]>; // by group id, then unit
  overlay: SVGGElement;
}

const clip = (text: string, room: number): string => {
  const most = Math.max(3, Math.floor(room / CHARACTER_PX));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

function text(value: string, attributes: Record<string, string | number>, full = value): SVGTextElement {
  const element = svg("text", attributes, value);
  if (full !== value) element.append(svg("title", {}, full));
  return element;
}

/** A layer's second line: what it is, how many units, its activation. */
function subtitle(network: Network, group: Group): string {
  const layer = network.layers.find((l) => l.name === group.layer);
  if (!layer || group.role === "input") return `${group.n_units} inputs`;
  const extra = [layer.activation, ...layer.modifiers].filter((word): word is string => !!word);
  return [`${layer.kind} ${group.n_units}`, ...extra].join(" · ");
}

function titles(network: Network, place: Place, alone: boolean, room: number): SVGElement[] {
  const { group } = place;
  if (group.role === "bias") return [];
  const name = group.label || group.id;
  const y = alone ? 18 : place.top - 6;
  const title = text(clip(name, room), { x: place.x, y, class: "nwv-title" }, name);
  if (!alone || group.delayed_of !== null) return [title];
  const about = subtitle(network, group);
  return [title, text(clip(about, room), { x: place.x, y: 32, class: "nwv-subtitle" }, about)];
}

function unitMark(place: Place, unit: number): SVGElement {
  const y = place.unitY[unit];
  const dashed = place.group.delayed_of !== null ? " nwv-delayed" : "";
  if (place.form !== "ports") return svg("circle", { cx: place.x, cy: y, r: place.radius, class: `nwv-unit${dashed}` });
  const height = place.spacing * 0.84;
  const mark = svg("g", { class: "nwv-unit" });
  const w = place.halfWidth;
  mark.append(svg("rect", { x: place.x - w, y: y - height / 2, width: 2 * w, height, rx: Math.min(4, height / 4) }));
  for (const port of place.group.ports) {
    const py = y + portOffset(place, port);
    mark.append(svg("line", { x1: place.x - w - 2, x2: place.x - w + 2, y1: py, y2: py, class: "nwv-port" }));
    if (height / place.group.ports.length >= 8.5)
      mark.append(text(port, { x: place.x, y: py + 3, class: "nwv-port-name" }));
  }
  return mark;
}

/** Names beside the units of the first and last columns, thinned where they would overlap. */
function unitNames(place: Place, side: "left" | "right", room: number): SVGElement[] {
  const every = Math.max(1, Math.ceil(11 / place.spacing));
  const x = side === "left" ? place.x - place.halfWidth - 7 : place.x + place.halfWidth + 7;
  const names: SVGElement[] = [];
  for (let unit = 0; unit < place.unitY.length; unit += every) {
    const name = unitName(place.group, unit);
    const attributes = { x, y: place.unitY[unit] + 3.5, class: `nwv-unit-name nwv-${side}` };
    names.push(text(clip(name, room), attributes, name));
  }
  return names;
}

function box(network: Network, place: Place): SVGElement {
  const { x, top, halfWidth, group } = place;
  const height = Math.max(26, place.height * 0.8);
  const layer = network.layers.find((l) => l.name === group.layer);
  const root = svg("g", { class: "nwv-box" });
  const y = top + place.height / 2;
  root.append(
    svg("rect", { x: x - halfWidth, y: y - height / 2, width: 2 * halfWidth, height, rx: 5 }),
    text(clip(layer?.kind ?? group.label, 2 * halfWidth - 8), { x, y: y + 4, class: "nwv-box-name" }),
    svg("title", {}, [group.label || group.id, layer?.kind, layer?.note].filter(Boolean).join("\n")),
  );
  return root;
}

function folded(place: Place): SVGElement {
  const y = place.top + place.height / 2;
  const root = svg("g", { class: "nwv-fold" });
  root.append(
    svg("rect", { x: place.x - 30, y: y - 17, width: 60, height: 34, rx: 5 }),
    text(`${place.group.n_units} units`, { x: place.x, y: y + 0, class: "nwv-fold-name" }),
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
      text(tile.port, { x: tile.x + tile.width + 8, y: tile.y + tile.height / 2 + 4, class: "nwv-tile-name" }),
      svg("title", {}, open ? `gate ${tile.port}: its links are drawn` : `gate ${tile.port}: click to draw its links`),
    );
    return root;
  });
}

function wires(network: Network, layout: Layout): SVGElement[] {
  return network.wires.flatMap((wire) => {
    const a = layout.places.get(wire.source);
    const b = layout.places.get(wire.target);
    if (!a || !b) return [];
    const [x0, y0, x1, y1] = [a.x + a.halfWidth, a.top + a.height / 2, b.x - b.halfWidth, b.top + b.height / 2];
    const lift = b.group.column - a.group.column > 1 ? -Math.min(90, a.height / 2 + 26) : 0;
    const middle = (x0 + x1) / 2;
    const path = svg("path", {
      d: `M${x0},${y0}C${middle},${y0 + lift * 1.3} ${middle},${y1 + lift * 1.3} ${x1},${y1}`,
      class: "nwv-wire",
    });
    path.append(svg("title", {}, `${wire.kind}: ${a.group.label || a.group.id} → ${b.group.label || b.group.id}, no weights`));
    return [path];
  });
}

/** Room for a column's title: to the nearest neighbouring column. */
function titleRoom(places: Place[], place: Place): number {
  const others = places.filter((other) => Math.abs(other.x - place.x) > 1 && other.group.role !== "bias");
  const sameRow = others.filter((other) => (other.group.delayed_of !== null) === (place.group.delayed_of !== null));
  return Math.min(150, ...sameRow.map((other) => Math.abs(other.x - place.x) - 8));
}

export function drawChrome(network: Network, layout: Layout, showLabels: boolean): Chrome {
  const root = svg("svg", { class: "nwv-chrome", "aria-hidden": "true" });
  root.append(...wires(network, layout));
  const units = new Map<string, SVGElement[]>();
  const places = [...layout.places.values()];
  const last = Math.max(...places.map((place) => place.group.column));
  for (const place of places) {
    const { group } = place;
    const neighbours = places.filter(
      (p) => p.group.column === group.column && p.group.role !== "bias" && !p.group.delayed_of && p !== place,
    );
    const alone = neighbours.length === 0 && group.delayed_of === null;
    root.append(...titles(network, place, alone, titleRoom(places, place)));
    if (place.form === "folded") root.append(folded(place));
    else if (place.form === "box") root.append(box(network, place));
    else if (place.form === "bias") {
      const mark = svg("g", { class: "nwv-unit nwv-bias" });
      const y = place.top + place.height / 2;
      mark.append(
        svg("circle", { cx: place.x, cy: y, r: 7 }),
        text("1", { x: place.x, y: y + 3.5, class: "nwv-bias-name" }),
      );
      units.set(group.id, [mark]);
      root.append(mark);
    } else {
      const marks = Array.from({ length: group.n_units }, (_, unit) => unitMark(place, unit));
      units.set(group.id, marks);
      root.append(...marks, ...tiles(place));
      if (showLabels && !group.delayed_of && group.role === "input") root.append(...unitNames(place, "left", 54));
      if (showLabels && !group.delayed_of && group.column === last && group.role !== "input")
        root.append(...unitNames(place, "right", 54));
    }
  }
  const overlay = svg("g", { class: "nwv-overlay" });
  root.append(overlay);
  return { root, units, overlay };
}
