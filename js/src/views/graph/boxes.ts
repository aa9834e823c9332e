// The SVG of closed blocks, of the frames around open ones, and of wires: names, sizes, and norms over time.
import type { Bands } from "../../bands";
import type { Box, Frame } from "../../collapse";
import { type Attributes, svg } from "../../dom";
import { type Block, shortName } from "../../hierarchy";
import type { History } from "../../history";
import type { Layout, Place } from "../../layout";
import type { Network } from "../../network";
import { formatAmount, formatValue } from "../../scale";
import { isInput, isJoin, type Opened } from "./opened";
import { type Framed, type Route, routesOf } from "./routes";
import { trace } from "./trace";

const CHARACTER_PX = 6;
const BOLD_PX = 6.6;
const SMALL_PX = 5.4;
const PAD = 9;
const ROW = 21;
const NEAR_PX = 40; // beyond the edge of the stage

export interface Boxes {
  under: SVGElement[]; // frames and wires
  over: SVGElement[]; // boxes
  byGroup: Map<string, SVGElement>;
  /** Show the numbers of a checkpoint. */
  move(checkpoint: number): void;
  /** The open block whose "−" is at a point. */
  closable(x: number, y: number): Block | null;
}

function label(value: string, attributes: Attributes, room: number, size = CHARACTER_PX): SVGTextElement {
  const most = Math.max(2, Math.floor(room / size));
  return svg("text", attributes, value.length <= most ? value : `${value.slice(0, most - 1)}…`);
}

/** A "+" or a "−" in a small square. */
function sign(x: number, y: number, isPlus: boolean): SVGElement {
  const d = `M${x - 3.5},${y}h7${isPlus ? `M${x},${y - 3.5}v7` : ""}`;
  const root = svg("g", "nwv-sign");
  root.append(
    svg("rect", { x: x - 6.5, y: y - 6.5, width: 13, height: 13, rx: 3 }),
    svg("path", { d, class: "nwv-sign-line" }),
  );
  return root;
}

/** What a block is, in a few words: a layer's kind and first shape, or how many layers it holds. */
export function kindWords(network: Network, block: Block): string {
  if (block.children.length > 0) return `${block.nLayers} layer${block.nLayers === 1 ? "" : "s"}`;
  const shape = network.parameters[block.parameters[0]];
  const kind = block.layer?.kind ?? "";
  return shape ? `${kind} ${shape.join("×")}` : kind;
}

interface Row {
  root: SVGElement;
  move(checkpoint: number): void;
}

/** A name, a curve with the playhead on it, and the value there. */
function valueRow(
  name: string,
  values: Float64Array,
  odd: Float64Array,
  at: { place: Place; y: number },
): Row {
  const { place, y } = at;
  const [left, right] = [place.x - place.halfWidth + PAD, place.x + place.halfWidth - PAD];
  const value = svg("text", { x: right, y: y + 4, class: "nwv-box-value" });
  const root = svg("g", {});
  root.append(svg("text", { x: left, y: y + 4, class: "nwv-box-key" }, name), value);
  const span = { left: left + 40, right: right - 46, top: y - 6.5, bottom: y + 6.5 };
  const curve = values.length > 1 ? trace(values, odd, span) : null;
  if (curve) root.append(curve.element);
  const move = (k: number): void => {
    const known = Number.isFinite(values[k]);
    const nOdd = name === "norm" && odd[k] > 0;
    value.textContent = nOdd ? `${formatAmount(odd[k])} NaN` : known ? formatShort(values[k]) : "–";
    value.classList.toggle("nwv-odd", nOdd);
    curve?.move(k);
  };
  return { root, move };
}

/** Three digits are enough beside a curve. */
const formatShort = (value: number): string =>
  formatValue(value === 0 ? 0 : Number(value.toPrecision(3))).replace(/\.0+e/, "e");

function boxRows(block: Block, history: History, place: Place): Row[] {
  const { summaries } = history;
  const norms = summaries.over("norm", block.parameters);
  const odd = summaries.over("n_odd", block.parameters);
  if (norms.length === 0 || block.parameters.length === 0) return [];
  const first = place.top + 56 + ROW / 2;
  const rows = [valueRow("norm", norms, odd, { place, y: first })];
  if (norms.length > 1) {
    const updates = summaries.over("update_norm", block.parameters);
    rows.push(valueRow("update", updates, odd, { place, y: first + ROW }));
  }
  return rows;
}

interface Drawn extends Row {
  group: string;
}

/** A pill with a word: what joins others, or the input. */
function joinWords(box: Box, { x, top, height, halfWidth }: Place): SVGElement[] {
  const { block } = box;
  const room = 2 * halfWidth - 6;
  const y = top + height / 2 + 4;
  if (!isInput(box)) return [label(block.layer?.kind ?? shortName(block), { x, y, class: "nwv-join" }, room)];
  const n = block.groups.reduce((sum, group) => sum + group.n_units, 0);
  if (height < 30) return [label(shortName(block), { x, y, class: "nwv-join" }, room)];
  return [
    label(shortName(block), { x, y: y - 6, class: "nwv-join" }, room),
    label(
      `${formatAmount(n)} unit${n === 1 ? "" : "s"}`,
      { x, y: y + 8, class: "nwv-join nwv-quiet" },
      room,
      SMALL_PX,
    ),
  ];
}

/** A block's name, its number of parameters and what it is, as far as there is room. */
function boxWords(box: Box, { x, top, height, halfWidth }: Place, opened: Opened): SVGElement[] {
  const { block } = box;
  const canOpen = opened.openable.has(block);
  const hasSign = canOpen && halfWidth > 34;
  const left = x - halfWidth + Math.min(PAD, halfWidth / 5);
  const room = 2 * (x - left) - (hasSign ? 18 : 0);
  const part = box.nParts > 1 ? ` ${box.part + 1}/${box.nParts}` : "";
  const full = shortName(block) + part;
  const name =
    full.length * BOLD_PX <= room ? full : block.name.slice(block.name.lastIndexOf(".") + 1) + part;
  const quiet = (words: string, y: number) =>
    label(words, { x: left, y: top + y, class: "nwv-quiet" }, 2 * (x - left) + 4, SMALL_PX);
  const y = top + Math.min(18, height / 2 + 4);
  const words: SVGElement[] = [];
  if (height >= 12) words.push(label(name, { x: left, y, class: "nwv-block-name" }, room, BOLD_PX));
  if (hasSign) words.push(sign(x + halfWidth - 13, top + Math.min(14, height / 2), true));
  const amount = formatAmount(block.nParameters) + (halfWidth > 50 ? " parameters" : "");
  if (height >= 38) words.push(quiet(amount, 34));
  if (height >= 54 && halfWidth > 50) words.push(quiet(kindWords(opened.hierarchy.network, block), 48));
  return words;
}

/** A box that is out of sight: its place, but nothing in it, until it is panned to. */
function outlineOf(box: Box, { top, height, x, halfWidth }: Place): Drawn {
  const root = svg("g", { class: "nwv-block", "data-block": box.block.name });
  root.append(svg("rect", { x: x - halfWidth, y: top, width: 2 * halfWidth, height }));
  return { group: box.id, root, move: () => {} };
}

function drawBox(box: Box, place: Place, opened: Opened, history: History): Drawn {
  const { block } = box;
  const { top, height, x, halfWidth } = place;
  const root = svg("g", { class: "nwv-block", "data-block": block.name });
  const rx = Math.min(isJoin(box) && !isInput(box) ? height / 2 : 6, height / 2);
  root.append(svg("rect", { x: x - halfWidth, y: top, width: 2 * halfWidth, height, rx }));
  const hasRows = !isJoin(box) && height >= 76 && halfWidth >= 60;
  const rows = hasRows ? boxRows(block, history, place) : [];
  root.append(...(isJoin(box) ? joinWords(box, place) : boxWords(box, place, opened)));
  root.append(...rows.map((row) => row.root));
  const move = (k: number): void => {
    for (const row of rows) row.move(k);
  };
  return { group: box.id, root, move };
}

function drawWire({ path, tip: [x, y, degrees] }: Route): SVGElement {
  const root = svg("g", "nwv-wire");
  root.append(
    svg("path", { d: path }),
    svg("path", {
      d: "M0,0L-7,-3.5L-7,3.5Z",
      transform: `translate(${x},${y}) rotate(${degrees})`,
      class: "nwv-arrow",
    }),
  );
  return root;
}

interface Handle {
  block: Block;
  left: number;
  right: number;
  y: number;
}

/** The name of an open block with its "−"; it stays in sight as long as its frame does. */
function handleOf(frame: Framed, width: number): Handle {
  const length = 24 + frame.block.name.length * CHARACTER_PX;
  const left = Math.max(frame.left + 6, Math.min(8, frame.right - length));
  return { block: frame.block, left, right: Math.min(left + length, frame.right, width), y: frame.top + 12 };
}

function drawFrame(frame: Framed, handle: Handle): SVGElement {
  const { left, right, top, bottom } = frame;
  const root = svg("g", { class: "nwv-frame", "data-frame": frame.block.name });
  const x = handle.left + (frame.canClose ? 18 : 2);
  root.append(svg("rect", { x: left, y: top, width: right - left, height: bottom - top, rx: 8 }));
  if (frame.canClose) root.append(sign(handle.left + 7, handle.y, false));
  root.append(label(frame.block.name, { x, y: handle.y + 4, class: "nwv-frame-name" }, right - x - 4));
  return root;
}

/** Where open layers, which have titles but no frames, are closed: beside their titles. */
function layerHandles(layers: Frame[], layout: Layout): Handle[] {
  return layers.flatMap(({ block, groups, canClose }): Handle[] => {
    const place = groups.map((id) => layout.places.get(id)).find((p) => p && p.group.role !== "bias");
    if (!place || !canClose) return [];
    const title = place.group.label || place.group.id;
    const left = place.x - Math.min(75, (title.length * BOLD_PX) / 2) - 23;
    return [{ block, left, right: left + 16, y: layout.top - 48 }];
  });
}

export function drawBoxes(
  layout: Layout,
  opened: Opened,
  bands: Bands,
  history: History,
  { width, zoom }: { width: number; zoom: number },
): Boxes {
  const { collapsed } = opened;
  const inBands = (all: Frame[]) => all.map((one) => ({ ...one, groups: one.groups.flatMap(bands.ids) }));
  const { routes, frames } = routesOf(layout, bands.network.wires, inBands(opened.frames), zoom);
  const drawn = [...collapsed.boxes.values()].flatMap((box) => {
    const place = layout.places.get(box.id);
    if (!place) return [];
    const isNear = place.x + place.halfWidth > -NEAR_PX && place.x - place.halfWidth < width + NEAR_PX;
    return [isNear ? drawBox(box, place, opened, history) : outlineOf(box, place)];
  });
  const framed = frames.map((frame) => ({ frame, handle: handleOf(frame, width) }));
  const ofLayers = layerHandles(inBands(opened.openLayers), layout);
  const handles = [...framed.filter(({ frame }) => frame.canClose).map(({ handle }) => handle), ...ofLayers];
  let shown = -1;
  return {
    under: [...framed.map(({ frame, handle }) => drawFrame(frame, handle)), ...routes.map(drawWire)],
    over: [...drawn.map(({ root }) => root), ...ofLayers.map(({ left, y }) => sign(left + 8, y, false))],
    byGroup: new Map(drawn.map(({ group, root }) => [group, root])),
    move(k) {
      if (k === shown) return;
      shown = k;
      for (const box of drawn) box.move(k);
    },
    closable(x, y) {
      const at = handles.find((h) => x >= h.left - 2 && x <= h.right && Math.abs(y - h.y) <= 10);
      return at?.block ?? null;
    },
  };
}
