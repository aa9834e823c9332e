// The blocks of a network: the tree of its layers' dotted names, and how much each block holds.
// Not for deciding which of them are open (see opening.ts), nor for folding them (see collapse.ts).
import { type Group, type Layer, type Network, storedName } from "./network";

export interface Block {
  name: string;
  parent: Block | null;
  children: Block[];
  layer: Layer | null; // where the name is a layer's own
  groups: Group[]; // of its own layer
  parameters: string[]; // all beneath, tied ones once
  nParameters: number;
  nLinks: number; // that end beneath
  nLayers: number; // with parameters, beneath, itself among them
  shape: string; // alike blocks have the same
}

export interface Hierarchy {
  network: Network;
  root: Block;
  blocks: Map<string, Block>;
  ofGroup: Map<string, Block>; // the block of each group's own layer
}

const newBlock = (name: string, parent: Block | null): Block => ({
  name,
  parent,
  children: [],
  layer: null,
  groups: [],
  parameters: [],
  nParameters: 0,
  nLinks: 0,
  nLayers: 0,
  shape: "",
});

export const sizeOf = (shape: number[]): number => shape.reduce((n, length) => n * length, 1);

/** The block of a dotted name, made with all above it where they are not there. */
function ensure(blocks: Map<string, Block>, name: string): Block {
  const known = blocks.get(name);
  if (known) return known;
  const dot = name.lastIndexOf(".");
  const parent = dot < 0 ? blocks.get("")! : ensure(blocks, name.slice(0, dot));
  const block = newBlock(name, parent);
  parent.children.push(block);
  blocks.set(name, block);
  return block;
}

function* upwards(block: Block | null): Iterable<Block> {
  for (let at = block; at; at = at.parent) yield at;
}

/** The innermost block that holds all of some. */
function meeting(blocks: Block[]): Block {
  const [first, ...others] = blocks.map((block) => [...upwards(block)]);
  return first.find((block) => others.every((above) => above.includes(block)))!;
}

/** A layer without parameters that only joins layers of one block belongs to that block, whatever its name. */
function adoptJoins({ network, root, ofGroup }: Hierarchy): void {
  const around = new Map<Block, Set<Block>>();
  for (const { source, target } of [...network.bundles, ...network.wires]) {
    const [a, b] = [ofGroup.get(source)!, ofGroup.get(target)!];
    if (a === b) continue;
    for (const [block, other] of [
      [a, b],
      [b, a],
    ])
      around.set(block, (around.get(block) ?? new Set()).add(other));
  }
  for (const block of [...root.children]) {
    const isJoin = block.children.length === 0 && block.groups.every((group) => group.role !== "input");
    const others = [...(around.get(block) ?? [])];
    if (!isJoin || block.parameters.length > 0 || others.length < 2) continue;
    const home = meeting(others.map((other) => (other.children.length > 0 ? other : (other.parent ?? root))));
    if (home === root) continue;
    root.children.splice(root.children.indexOf(block), 1);
    home.children.push(block);
    block.parent = home;
  }
}

/** Give each parameter to the innermost block whose name it begins with, and to all above. */
function giveParameters(blocks: Map<string, Block>, network: Network): void {
  const held = new Map<Block, Set<string>>();
  for (const name of Object.keys(network.parameters)) {
    const parts = name.split(".");
    while (parts.length > 0 && !blocks.has(parts.join("."))) parts.pop();
    for (const block of upwards(blocks.get(parts.join("."))!))
      held.set(block, (held.get(block) ?? new Set()).add(storedName(network, name)));
  }
  for (const [block, names] of held) {
    block.parameters = [...names];
    block.nParameters = block.parameters.reduce((n, name) => n + sizeOf(network.parameters[name] ?? []), 0);
  }
}

const lastName = (block: Block): string => block.name.slice(block.name.lastIndexOf(".") + 1);

/** Count layers and describe the shape of a block, from the innermost up. */
function describe(block: Block, network: Network): void {
  for (const child of block.children) describe(child, network);
  const isLayer = block.layer !== null && block.parameters.length > 0;
  block.nLayers = (isLayer ? 1 : 0) + block.children.reduce((n, child) => n + child.nLayers, 0);
  const inside = block.children.map((child) => `${lastName(child)}:${child.shape}`);
  const own = block.children.length > 0 ? [] : block.parameters.map((name) => network.parameters[name]);
  block.shape = JSON.stringify([block.layer?.kind ?? "", own, inside]);
}

export function hierarchyOf(network: Network): Hierarchy {
  const root = newBlock("", null);
  const blocks = new Map([["", root]]);
  const ofGroup = new Map<string, Block>();
  for (const layer of network.layers) ensure(blocks, layer.name).layer = layer;
  for (const group of network.groups) {
    const block = ensure(blocks, group.layer);
    block.groups.push(group);
    ofGroup.set(group.id, block);
  }
  giveParameters(blocks, network);
  const hierarchy = { network, root, blocks, ofGroup };
  adoptJoins(hierarchy);
  for (const { target, shape } of network.bundles)
    for (const block of upwards(ofGroup.get(target)!)) block.nLinks += shape[0] * shape[1];
  describe(root, network);
  return hierarchy;
}

/** What a reader calls a block where there is little room: its last name, with the one before a number. */
export function shortName(block: Block): string {
  const parts = block.name.split(".");
  const last = parts[parts.length - 1];
  return /^\d+$/.test(last) && parts.length > 1 ? `${parts[parts.length - 2]}.${last}` : last;
}

/** Whether a block lies in another, or is it. */
export function isWithin(block: Block, outer: Block): boolean {
  for (const above of upwards(block)) if (above === outer) return true;
  return false;
}
