// Which blocks are open: at first as many as stay legible, then as the reader opens and closes them. Pure.
// Not for folding the others (see collapse.ts).
import { grouped } from "./columns";
import { type Block, type Hierarchy, isWithin } from "./hierarchy";
import type { Network } from "./network";

/** What a diagram may hold and stay legible. */
export const LEGIBLE = {
  boxes: 24, // and columns
  stacked: 16, // layers above each other in a column
  units: 400, // of a layer that stands among boxes
  links: 3000, // of one of its bundles
  wholeUnits: 20_000, // of a layer of a network that is drawn whole; many are folded into bands
  wholeLinks: 2_000_000,
  openUnits: 65_536, // of a layer that can be opened at all
  openLinks: 4_000_000,
};

const isWithinLimits = (network: Network, units: number, links: number): boolean =>
  network.groups.every((group) => group.n_units <= units || group.role === "box") &&
  network.bundles.every(({ shape }) => shape[0] * shape[1] <= links);

/** Whether a network is drawn whole, without boxes for blocks. */
export function isLegible(network: Network): boolean {
  const columns = network.groups.filter(({ role }) => role !== "bias").map(({ column }) => column);
  const stacks = [...grouped(columns, (column) => column).values()];
  return (
    Math.max(0, ...columns) < LEGIBLE.boxes &&
    stacks.every(({ length }) => length <= LEGIBLE.stacked) &&
    isWithinLimits(network, LEGIBLE.wholeUnits, LEGIBLE.wholeLinks)
  );
}

const SEQUENCE = 3; // alike children make a sequence of layers

const columnOf = ({ groups, children }: Block): number => groups[0]?.column ?? columnOf(children[0]);

/** Blocks numbered 0, 1, 2, … that are alike and read each other, such as the layers of a transformer. */
function isSequence({ children }: Block): boolean {
  return (
    children.length >= SEQUENCE &&
    columnOf(children[0]) !== columnOf(children[1]) &&
    children.every((child) => /\.\d+$|^\d+$/.test(child.name) && child.shape === children[0].shape)
  );
}

/** The blocks that would be boxes. */
function closedBlocks(block: Block, open: Set<Block>): Block[] {
  return block.children.flatMap((child) => (open.has(child) ? closedBlocks(child, open) : [child]));
}

/** A block with a single one in it says no more than that one. */
function openThrough(block: Block, open: Set<Block>): void {
  open.add(block);
  if (block.children.length === 1 && block.groups.length === 0 && block.children[0].children.length > 0)
    openThrough(block.children[0], open);
}

/** Open level by level, as long as all of a level fits; a long sequence that is most of the network always opens. */
function openLevels({ root }: Hierarchy): Set<Block> {
  const open = new Set([root]);
  for (;;) {
    const closed = closedBlocks(root, open);
    const holders = closed.filter((block) => block.children.length > 0);
    if (holders.length === 0) return open;
    const added = holders.reduce((n, block) => n + block.children.length - 1, 0);
    const fits = closed.length + added <= LEGIBLE.boxes;
    const main = holders.filter(
      (block) =>
        block.nParameters > 0.5 * root.nParameters && (isSequence(block) || holdsSequence(block, root)),
    );
    const next = fits ? holders : main;
    if (next.length === 0) return open;
    for (const block of next) openThrough(block, open);
  }
}

/** Whether the most of a network is a sequence somewhere beneath a block. */
function holdsSequence(block: Block, root: Block): boolean {
  return block.children.some(
    (child) =>
      child.nParameters > 0.5 * root.nParameters && (isSequence(child) || holdsSequence(child, root)),
  );
}

interface Reach {
  units: number;
  links: number;
}

/** Layers whose links are few enough to draw: by group, what each reads. */
function drawableLayers({ network, ofGroup }: Hierarchy, { units, links }: Reach): Set<Block> {
  const layers = new Set<Block>();
  for (const group of network.groups)
    if (group.role !== "box" && group.role !== "bias") layers.add(ofGroup.get(group.id)!);
  for (const group of network.groups)
    if (group.n_units > units || group.role === "box") layers.delete(ofGroup.get(group.id)!);
  // Links from a layer that stays a box are not drawn, however many they are.
  for (const { source, target, shape } of network.bundles)
    if (shape[0] * shape[1] > links && layers.has(ofGroup.get(source)!)) layers.delete(ofGroup.get(target)!);
  return layers;
}

/** Open the small layers among `candidates` that have links to another one that is open. */
function openLinked(hierarchy: Hierarchy, open: Set<Block>, candidates: Set<Block>): void {
  const { network, ofGroup } = hierarchy;
  for (const { source, target, role } of network.bundles) {
    const [a, b] = [ofGroup.get(source)!, ofGroup.get(target)!];
    const isShown = (block: Block) => candidates.has(block) || open.has(block);
    if (role === "bias" || (a === b && role !== "recurrent") || !isShown(a) || !isShown(b)) continue;
    for (const block of [a, b]) if (candidates.has(block)) open.add(block);
  }
}

const namesOf = (open: Set<Block>): string[] =>
  [...open].map((block) => block.name).filter((name) => name !== "");

/** Layers that stand on the diagram as boxes of their own. */
function leavesOn({ root }: Hierarchy, open: Set<Block>): Block[] {
  return closedBlocks(root, open).filter((block) => block.children.length === 0);
}

/** The blocks and layers that are open at first: all of a small network, else the finest level that is legible. */
export function openAtFirst(hierarchy: Hierarchy): string[] {
  if (isLegible(hierarchy.network)) return [...hierarchy.blocks.keys()].filter((name) => name !== "");
  const open = openLevels(hierarchy);
  if (closedBlocks(hierarchy.root, open).length <= LEGIBLE.boxes) {
    const small = drawableLayers(hierarchy, LEGIBLE);
    openLinked(hierarchy, open, new Set(leavesOn(hierarchy, open).filter((block) => small.has(block))));
  }
  return namesOf(open);
}

/** The blocks in which there is more to see than their box. */
export function openableBlocks(hierarchy: Hierarchy): Set<Block> {
  const openable = drawableLayers(hierarchy, { units: LEGIBLE.openUnits, links: LEGIBLE.openLinks });
  for (const block of hierarchy.blocks.values()) if (block.children.length > 0) openable.add(block);
  return openable;
}

const blocksOf = (hierarchy: Hierarchy, expanded: readonly string[]): Set<Block> => {
  const open = new Set([hierarchy.root]);
  for (const name of expanded) {
    let at: Block | null = hierarchy.blocks.get(name) ?? null;
    for (; at && !open.has(at); at = at.parent) open.add(at);
  }
  return open;
};

/** Open a block, and the small layers that then stand side by side, so that their links are seen. */
export function withOpened(hierarchy: Hierarchy, expanded: readonly string[], name: string): string[] {
  const open = blocksOf(hierarchy, expanded);
  const block = hierarchy.blocks.get(name)!;
  openThrough(block, open);
  for (let at = block.parent; at; at = at.parent) open.add(at);
  const isLayer = block.children.length === 0;
  const small = drawableLayers(hierarchy, isLayer ? { ...LEGIBLE, links: LEGIBLE.openLinks } : LEGIBLE);
  const beside = isLayer ? neighbours(hierarchy, block) : null;
  const candidates = leavesOn(hierarchy, open).filter(
    (leaf) => small.has(leaf) && (beside ? beside.has(leaf) : isWithin(leaf, block)),
  );
  openLinked(hierarchy, open, new Set(candidates));
  return namesOf(open);
}

/** The layers that a layer reads. */
function neighbours({ network, ofGroup }: Hierarchy, block: Block): Set<Block> {
  const reads = network.bundles.filter(({ target }) => ofGroup.get(target) === block);
  return new Set(reads.map(({ source }) => ofGroup.get(source)!));
}

/** Close a block and all in it. */
export function withClosed(hierarchy: Hierarchy, expanded: readonly string[], name: string): string[] {
  const block = hierarchy.blocks.get(name)!;
  return namesOf(blocksOf(hierarchy, expanded)).filter(
    (other) => !isWithin(hierarchy.blocks.get(other)!, block),
  );
}
