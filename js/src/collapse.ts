// Folds blocks of a network into boxes: a smaller network that is drawn instead. Pure.
// Not for choosing which blocks are open (see opening.ts).
import type { Block, Hierarchy } from "./hierarchy";
import { type Bundle, type Group, type Network, plainGroup, type Wire } from "./network";

/** A block that is drawn as one box, or one part of it where data leaves the block and comes back. */
export interface Box {
  id: string; // of its group
  block: Block;
  part: number; // 0-based
  nParts: number;
}

/** A block that is open: what is drawn of it. */
export interface Frame {
  block: Block;
  groups: string[];
  canClose: boolean; // not where it is open because it cannot be one box
}

export interface Collapsed {
  network: Network;
  boxes: Map<string, Box>; // by the id of their group
  boxOf: Map<string, string>; // group of the whole network -> the box that holds it
  frames: Frame[]; // outer ones first
}

type Edges = Map<string, Set<string>>;

const isAside = (group: Group): boolean => group.role === "bias" || group.delayed_of !== null;

/** All groups of a block and of those beneath. */
function groupsIn(block: Block): Group[] {
  return [...block.groups, ...block.children.flatMap(groupsIn)];
}

/** The graph of a network while its blocks are being folded; always acyclic. */
class Quotient {
  readonly nodeOf = new Map<string, string>(); // folded group -> box
  readonly #after: Edges = new Map();
  readonly #before: Edges = new Map();

  constructor(network: Network) {
    for (const { id } of network.groups) {
      this.#after.set(id, new Set());
      this.#before.set(id, new Set());
    }
    for (const { source, target } of [...network.bundles, ...network.wires]) {
      this.#after.get(source)!.add(target);
      this.#before.get(target)!.add(source);
    }
  }

  /** Nodes by how often data has left the given ones and come back before it gets there; one part if it never does. */
  parts(nodes: string[]): string[][] {
    const inside = new Set(nodes);
    const outside = nodes.flatMap((node) => [...this.#after.get(node)!]).filter((node) => !inside.has(node));
    if (!this.#isReached(inside, outside)) return [nodes];
    const returns = new Map<string, number>(nodes.map((node) => [node, 0]));
    for (const node of this.#ordered()) {
      const so = returns.get(node);
      if (so === undefined) continue;
      for (const next of this.#after.get(node)!) {
        const back = inside.has(next) && !inside.has(node) ? 1 : 0;
        returns.set(next, Math.max(returns.get(next) ?? 0, so + back));
      }
    }
    const parts: string[][] = [];
    for (const node of nodes) {
      const part = returns.get(node)!;
      parts[part] ??= [];
      parts[part].push(node);
    }
    return parts.filter((part) => part !== undefined);
  }

  #isReached(goals: Set<string>, from: string[]): boolean {
    const seen = new Set(from);
    for (const node of seen)
      for (const next of this.#after.get(node)!) {
        if (goals.has(next)) return true;
        seen.add(next); // a Set is walked through what is added to it
      }
    return false;
  }

  /** All nodes, each after those that lead to it. */
  #ordered(): string[] {
    const waiting = new Map([...this.#before].map(([node, sources]) => [node, sources.size]));
    const order = [...waiting.keys()].filter((node) => waiting.get(node) === 0);
    for (const node of order)
      for (const next of this.#after.get(node)!) {
        waiting.set(next, waiting.get(next)! - 1);
        if (waiting.get(next) === 0) order.push(next);
      }
    return order;
  }

  /** Make one node of some between which no path leads outside. */
  fold(nodes: string[], id: string): void {
    const inside = new Set(nodes);
    const move = (from: Edges, to: Edges): Set<string> => {
      const ends = new Set<string>();
      for (const node of nodes)
        for (const end of from.get(node)!) {
          to.get(end)!.delete(node);
          if (!inside.has(end)) ends.add(end);
        }
      return ends;
    };
    const next = move(this.#after, this.#before);
    const last = move(this.#before, this.#after);
    for (const node of nodes) {
      this.#after.delete(node);
      this.#before.delete(node);
      this.nodeOf.set(node, id);
    }
    this.#after.set(id, next);
    this.#before.set(id, last);
    for (const end of next) this.#before.get(end)!.add(id);
    for (const end of last) this.#after.get(end)!.add(id);
  }
}

function boxGroup({ id, block, part, nParts }: Box): Group {
  const label = nParts > 1 ? `${block.name} · ${part + 1} of ${nParts}` : block.name;
  return plainGroup(id, block.name, 1, { role: "box", label });
}

class Folding {
  readonly boxes = new Map<string, Box>();
  readonly quotient: Quotient;
  readonly #taken: Set<string>;

  constructor(network: Network) {
    this.quotient = new Quotient(network);
    this.#taken = new Set(network.groups.map((group) => group.id));
  }

  /** Walk down to the blocks that are closed, and make boxes of them. */
  walk(block: Block, isOpen: (block: Block) => boolean): void {
    for (const child of block.children) if (isOpen(child) || !this.#box(child)) this.walk(child, isOpen);
  }

  /** Fold a block; false if that would take as many boxes as it has parts of its own, which then say more. */
  #box(block: Block): boolean {
    const groups = groupsIn(block).map((group) => group.id);
    if (groups.length === 0) return true;
    const parts = groups.length === 1 ? [groups] : this.quotient.parts(groups);
    if (block.children.length > 0 && parts.length > 1 && parts.length >= block.children.length) return false;
    parts.forEach((part, k) => {
      const id = this.#freeId(parts.length > 1 ? `${block.name}#${k + 1}` : block.name, part);
      this.boxes.set(id, { id, block, part: k, nParts: parts.length });
      this.quotient.fold(part, id);
    });
    return true;
  }

  #freeId(wanted: string, folded: string[]): string {
    let id = wanted;
    while (this.#taken.has(id) && !folded.includes(id)) id += "·";
    this.#taken.add(id);
    return id;
  }
}

/** Bundles with both ends drawn stay; what touches a box becomes a wire; what lies inside one is gone. */
function redirect(network: Network, nodeOf: Map<string, string>): { bundles: Bundle[]; wires: Wire[] } {
  const wires = new Map<string, Wire>();
  const bundles: Bundle[] = [];
  const wire = (from: string, to: string, kind: string): void => {
    const [source, target] = [nodeOf.get(from) ?? from, nodeOf.get(to) ?? to];
    const key = `${source}\n${target}`;
    if (source !== target && !wires.has(key)) wires.set(key, { source, target, kind });
  };
  for (const bundle of network.bundles)
    if (nodeOf.has(bundle.source) || nodeOf.has(bundle.target)) {
      if (bundle.role !== "bias") wire(bundle.source, bundle.target, "flow");
    } else bundles.push(bundle);
  for (const { source, target, kind } of network.wires) wire(source, target, kind);
  return { bundles, wires: [...wires.values()] };
}

/** The column of each group: its topological generation among those that carry the data flow. Twin of network.py. */
export function columnsOf(groups: Group[], edges: Pick<Wire, "source" | "target">[]): Map<string, number> {
  const main = new Set(groups.filter((group) => !isAside(group)).map((group) => group.id));
  const after = new Map<string, string[]>();
  const waiting = new Map<string, number>();
  for (const { source, target } of edges) {
    if (!after.has(source)) after.set(source, []);
    after.get(source)!.push(target);
    if (main.has(source) && main.has(target)) waiting.set(target, (waiting.get(target) ?? 0) + 1);
  }
  const columns = new Map<string, number>();
  let generation = [...main].filter((id) => !waiting.has(id));
  for (let column = 0; generation.length > 0; column++) {
    const next: string[] = [];
    for (const id of generation) {
      columns.set(id, column);
      for (const target of after.get(id) ?? []) {
        const left = main.has(target) ? waiting.get(target)! - 1 : -1;
        waiting.set(target, left);
        if (left === 0) next.push(target);
      }
    }
    generation = next;
  }
  const fed = (id: string) => (after.get(id) ?? []).flatMap((target) => columns.get(target) ?? []);
  const least = (found: number[], otherwise: number) => (found.length > 0 ? Math.min(...found) : otherwise);
  for (const { id, delayed_of } of groups)
    if (delayed_of !== null) columns.set(id, least(fed(id), columns.get(delayed_of) ?? 0));
  for (const { id, beside } of groups)
    if (!columns.has(id)) columns.set(id, Math.max(0, columns.get(beside ?? "") ?? least(fed(id), 1) - 1));
  return columns;
}

/** The blocks that are open, outer ones first, with what is drawn of each. */
function framesOf(hierarchy: Hierarchy, groups: Group[], boxes: Map<string, Box>, open: Set<Block>): Frame[] {
  const frames = new Map<Block, string[]>();
  for (const { id } of groups) {
    const box = boxes.get(id);
    let at = box ? box.block.parent : hierarchy.ofGroup.get(id)!;
    for (; at?.parent; at = at.parent) {
      if (!frames.has(at)) frames.set(at, []);
      frames.get(at)!.push(id);
    }
  }
  const depth = (block: Block): number => (block.parent ? 1 + depth(block.parent) : 0);
  return [...frames]
    .map(([block, inside]) => ({ block, groups: inside, canClose: open.has(block) }))
    .sort((a, b) => depth(a.block) - depth(b.block));
}

/** The groups of the smaller network: each box stands where the first of its groups stood. */
function foldedGroups(network: Network, nodeOf: Map<string, string>, boxes: Map<string, Box>): Group[] {
  const groups: Group[] = [];
  const seen = new Set<string>();
  for (const group of network.groups) {
    const id = nodeOf.get(group.id);
    if (id === undefined) groups.push({ ...group, beside: nodeOf.get(group.beside ?? "") ?? group.beside });
    else if (!seen.has(id)) groups.push(boxGroup(boxes.get(id)!));
    if (id !== undefined) seen.add(id);
  }
  return groups;
}

const readersOf = (id: string, wires: Wire[], columns: Map<string, number>): number[] =>
  wires.filter(({ source }) => source === id).map(({ target }) => columns.get(target)!);

/** Fold every block that is not in `expanded` (nor holds one that is). The network itself if none is folded. */
export function collapse(hierarchy: Hierarchy, expanded: Iterable<string>): Collapsed {
  const { network, root } = hierarchy;
  const open = new Set<Block>();
  for (const name of expanded)
    for (let at = hierarchy.blocks.get(name) ?? null; at && !open.has(at); at = at.parent) open.add(at);
  const folding = new Folding(network);
  folding.walk(root, (block) => open.has(block));
  const { boxes } = folding;
  const { nodeOf } = folding.quotient;
  if (boxes.size === 0)
    return { network, boxes, boxOf: nodeOf, frames: framesOf(hierarchy, network.groups, boxes, open) };
  const { bundles, wires } = redirect(network, nodeOf);
  const groups = foldedGroups(network, nodeOf, boxes);
  const columns = columnsOf(groups, [...bundles, ...wires]);
  for (const { source } of wires) {
    // What reads nothing, such as an embedding of positions, stands before what reads it, not beside the input.
    const isSource =
      boxes.has(source) && !boxes.get(source)!.block.groups.some(({ role }) => role === "input");
    if (isSource && columns.get(source) === 0)
      columns.set(source, Math.max(0, Math.min(...readersOf(source, wires, columns)) - 1));
  }
  const placed = groups.map((group): Group => ({ ...group, column: columns.get(group.id)! }));
  const hidden = new Set([...boxes.values()].flatMap(({ block }) => block.parameters));
  const parameters = Object.fromEntries(
    Object.entries(network.parameters).filter(([name]) => !hidden.has(network.tied[name] ?? name)),
  );
  return {
    network: { ...network, groups: placed, bundles, wires, parameters },
    boxes,
    boxOf: nodeOf,
    frames: framesOf(hierarchy, placed, boxes, open),
  };
}
