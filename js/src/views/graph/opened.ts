// The blocks of the network as this display shows them: which are boxes, how large, and what a press on one does.
import { type Box, type Collapsed, collapse } from "../../collapse";
import { isUnit, type Selection } from "../../describe";
import { type Block, type Hierarchy, hierarchyOf, isWithin, sizeOf } from "../../hierarchy";
import type { BoxSize, Layout } from "../../layout";
import { openAtFirst, openableBlocks, withClosed, withOpened } from "../../opening";
import type { ViewContext } from "../context";
import { FRAME } from "./routes";

const SIZE = { width: 140, head: 54, row: 21, foot: 6 };
const JOIN: BoxSize = { width: 44, height: 26 };
const HELD_MARGIN = 24;
const ARCHES = 28; // room for wires that pass over the titles
const INPUT: BoxSize = { width: 92, height: 40 };

/** Room that frames and boxes ask of the layout. */
export interface Room {
  boxes: Map<string, BoxSize>;
  headroom: number;
  footroom: number;
  edges: number[]; // extra pixels before each column
}

/** What merely joins others, such as an addition: no parameters, nothing in it. */
export const isJoin = ({ block }: Box): boolean => block.nParameters === 0 && block.children.length === 0;

/** What comes from outside; the words of an embedding are an input, too, but it has parameters to tell of. */
export const isInput = ({ block }: Box): boolean =>
  block.nParameters === 0 && block.groups.some((group) => group.role === "input");

export class Opened {
  readonly #given: ViewContext;
  readonly hierarchy: Hierarchy;
  readonly openable: Set<Block>;
  readonly #atFirst: string[];
  #key = "";
  #stoodOn = ""; // the part of a block that was walked to
  #held: { block: Block; x: number } | null = null;
  collapsed!: Collapsed;

  constructor(given: ViewContext) {
    this.#given = given;
    this.hierarchy = hierarchyOf(given.network);
    this.openable = openableBlocks(this.hierarchy);
    this.#atFirst = openAtFirst(this.hierarchy);
    this.update();
  }

  get expanded(): readonly string[] {
    return this.#given.options().expanded ?? this.#atFirst;
  }

  /** Fold what is closed; the context of what is then drawn. */
  update(): ViewContext {
    const key = JSON.stringify(this.#given.options().expanded);
    if (key !== this.#key) this.collapsed = collapse(this.hierarchy, this.expanded);
    this.#key = key;
    return { ...this.#given, network: this.collapsed.network };
  }

  /** Frames are drawn once anything is folded, or was. */
  get frames(): Collapsed["frames"] {
    const isPlain = this.collapsed.boxes.size === 0 && this.#given.options().expanded === null;
    return isPlain ? [] : this.collapsed.frames.filter(({ block }) => block.children.length > 0);
  }

  /** Open layers: they have no frame, but can be closed at their title. */
  get openLayers(): Collapsed["frames"] {
    const isPlain = this.collapsed.boxes.size === 0 && this.#given.options().expanded === null;
    return isPlain ? [] : this.collapsed.frames.filter(({ block }) => block.children.length === 0);
  }

  room(): Room {
    const { boxes, network } = this.collapsed;
    const rows = this.#given.history.nCheckpoints > 1 ? 2 : 1;
    const height = SIZE.head + rows * SIZE.row + SIZE.foot;
    const size = (box: Box): BoxSize =>
      isInput(box) ? INPUT : isJoin(box) ? JOIN : { width: SIZE.width, height };
    const columns = new Map(network.groups.map(({ id, column }) => [id, column]));
    const edges: number[] = [];
    let deepest = 0;
    for (const { block, groups } of this.frames) {
      const at = groups.map((id) => columns.get(id)!);
      for (const column of [Math.min(...at), Math.max(...at) + 1])
        edges[column] = (edges[column] ?? 0) + FRAME.padding;
      deepest = Math.max(deepest, block.name.split(".").length);
    }
    return {
      boxes: new Map([...boxes].map(([id, box]) => [id, size(box)])),
      headroom: deepest > 0 ? deepest * (FRAME.title + 9) + ARCHES : 0,
      footroom: deepest * FRAME.padding,
      edges,
    };
  }

  /** The block that a selection names, or the box that hides what it names. */
  blockOf(selection: Selection | null): Block | null {
    if (selection === null) return null;
    if ("block" in selection) return this.hierarchy.blocks.get(selection.block) ?? null;
    const box = "group" in selection ? this.collapsed.boxOf.get(selection.group) : undefined;
    return box === undefined ? null : this.collapsed.boxes.get(box)!.block;
  }

  /** The group that stands for a selection on this diagram: a unit's own, or a box. */
  groupOf(selection: Selection | null): string | null {
    const block = this.blockOf(selection);
    if (block) return [...this.collapsed.boxes.values()].find((box) => box.block === block)?.id ?? null;
    return selection !== null && "group" in selection ? selection.group : null;
  }

  /** The block that a group is the box of. */
  boxed = (group: string): Block | null => this.collapsed.boxes.get(group)?.block ?? null;

  /** A unit as a reader would name it: a box is a block. */
  named(selection: Selection | null): Selection | null {
    const block = isUnit(selection) ? this.boxed(selection.group) : null;
    if (block && isUnit(selection)) this.#stoodOn = selection.group;
    return block ? { block: block.name } : selection;
  }

  /** The other way: the unit, or the box as if it were one. */
  standing(selection: Selection | null): Selection | null {
    const block = this.blockOf(selection);
    if (!block) return selection;
    const group = this.boxed(this.#stoodOn) === block ? this.#stoodOn : this.groupOf(selection);
    return group === null ? null : { group, unit: 0 };
  }

  /** Open a block, which keeps its place on the stage; return what to select in it. */
  open(block: Block, layout: Layout): Selection {
    this.#hold(block, layout);
    const expanded = withOpened(this.hierarchy, this.expanded, block.name);
    const { network } = collapse(this.hierarchy, expanded);
    this.#given.setOptions({ expanded });
    const inside = new Set(this.#groupsIn(block));
    const first = network.groups
      .filter((group) => inside.has(group.id) && group.role !== "bias" && !group.delayed_of)
      .sort((a, b) => a.column - b.column)[0];
    return first ? this.named({ group: first.id, unit: 0 })! : { block: block.name };
  }

  close(block: Block, layout: Layout): void {
    this.#hold(block, layout);
    this.#given.setOptions({ expanded: withClosed(this.hierarchy, this.expanded, block.name) });
  }

  /** What to select of a group that is looked for: opened for one of its units, if it can be. */
  find(group: string, unit: number | null): Selection {
    const layer = this.hierarchy.ofGroup.get(group);
    if (unit !== null && this.collapsed.boxOf.has(group) && layer && this.openable.has(layer))
      this.#given.setOptions({ expanded: withOpened(this.hierarchy, this.expanded, layer.name) });
    const box = this.collapsed.boxOf.get(group) ?? group;
    return this.named({ group: box, unit: box === group ? (unit ?? 0) : 0 })!;
  }

  folded(): { nBlocks: number; nParameters: number } {
    const blocks = new Set(
      [...this.collapsed.boxes.values()].filter((box) => !isJoin(box)).map((b) => b.block),
    );
    const names = new Set([...blocks].flatMap((block) => block.parameters));
    const { parameters } = this.#given.network;
    return {
      nBlocks: blocks.size,
      nParameters: [...names].reduce((n, name) => n + sizeOf(parameters[name]), 0),
    };
  }

  /** Groups that are drawn of a block: its box, or what is in it. */
  #groupsIn(block: Block): string[] {
    const boxes = [...this.collapsed.boxes.values()].filter((box) => isWithin(box.block, block));
    const frame = this.collapsed.frames.find((other) => other.block === block);
    return [...boxes.map(({ id }) => id), ...(frame?.groups ?? [])];
  }

  #extent(block: Block, layout: Layout): [left: number, right: number] | null {
    const places = this.#groupsIn(block).flatMap((id) => layout.places.get(id) ?? []);
    if (places.length === 0) return null;
    const left = Math.min(...places.map((place) => place.x - place.halfWidth));
    return [left, Math.max(...places.map((place) => place.x + place.halfWidth))];
  }

  /** Remember where a block stands, so that it is still there when it has been opened or closed. */
  #hold(block: Block, layout: Layout): void {
    const extent = this.#extent(block, layout);
    this.#held = extent && { block, x: Math.max(HELD_MARGIN, extent[0]) };
  }

  /** Where to pan a new layout so that the block that was opened or closed stays in sight, and near its place. */
  panned(base: Layout, { k, x }: { k: number; x: number }, width: number): number {
    const held = this.#held;
    const extent = held && this.#extent(held.block, base);
    this.#held = null;
    if (!held || !extent) return x;
    const length = (extent[1] - extent[0]) * k;
    return Math.max(HELD_MARGIN, Math.min(held.x, width - length - HELD_MARGIN)) - extent[0] * k;
  }

  /** The innermost open block around a selection that can be closed. */
  around(selection: Selection | null): Block | null {
    const hidden = this.blockOf(selection);
    const named = selection !== null && "group" in selection ? selection.group : "";
    let block = hidden ? hidden.parent : (this.hierarchy.ofGroup.get(named) ?? null);
    const open = new Set(this.collapsed.frames.filter((f) => f.canClose).map((f) => f.block));
    while (block && !open.has(block)) block = block.parent;
    // A layer that opened with its block closes with it.
    return block?.children.length === 0 && block.parent && open.has(block.parent) ? block.parent : block;
  }
}
