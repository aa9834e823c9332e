// What a selection is, in words and numbers: the same for tooltip, inspector and screen reader. Pure.
import type { History } from "./history";
import { type Bundle, type Group, linkEntries, type Network, unitName } from "./network";

/** @boundary */
export type SelectedUnit = { group: string; unit: number };
/** @boundary */
export type SelectedLink = { bundle: string; target: number; source: number };
/** @boundary */
export type SelectedBlock = { block: string };
/** @boundary */
export type Selection = { run?: string } & (
  | SelectedUnit
  | SelectedLink
  | SelectedBlock
  | { parameter: string; index: number[] }
);

export interface LinkRow {
  bundle: Bundle;
  target: number;
  source: number;
  value: number;
  recorded: boolean;
}

export const isLink = (s: Selection | null): s is SelectedLink => s !== null && "bundle" in s;
export const isUnit = (s: Selection | null): s is SelectedUnit => s !== null && "group" in s;

export const isBlock = (s: Selection | null): s is SelectedBlock => s !== null && "block" in s;

/** The parameters of a block, with their shapes. */
export function blockParameters(network: Network, block: string): { name: string; shape: number[] }[] {
  return Object.entries(network.parameters)
    .filter(([name]) => name === block || name.startsWith(`${block}.`))
    .map(([name, shape]) => ({ name, shape }));
}

const groupOf = (network: Network, id: string): Group => network.groups.find((group) => group.id === id)!;

/** A unit's name for a reader: "fc1 · unit 3", "x(t) · petal length", "bias of fc1". */
export function unitLabel(network: Network, groupId: string, unit: number): string {
  const group = groupOf(network, groupId);
  if (group.role === "bias") return `“${unitName(group, unit)}” of ${group.id}`;
  const name = unitName(group, unit);
  return `${group.label || group.id} · ${group.unit_names || group.parts?.length ? name : `unit ${name}`}`;
}

/** Both ends of a link and its gate: what the eye follows from left to right. */
export function linkLabel(network: Network, bundle: Bundle, target: number, source: number): string {
  const gate = bundle.port === null ? "" : `, gate ${bundle.port}`;
  return `${unitLabel(network, bundle.source, source)} → ${unitLabel(network, bundle.target, target)}${gate}`;
}

/** The parameter entry (or entries) behind a link, as one would write them in Python. */
export function entryLabel(network: Network, bundle: Bundle, target: number, source: number): string {
  const entries = linkEntries(bundle, target, source);
  const shape = network.parameters[bundle.parameter] ?? [];
  if (bundle.reduce === "rms") return `root mean square of ${entries.length} entries of ${bundle.parameter}`;
  const first = `${bundle.parameter}[${unravel(entries[0], shape).join(", ")}]`;
  if (entries.length === 1) return first;
  const last = unravel(entries[entries.length - 1], shape).join(", ");
  const how = bundle.reduce === "l2" ? "L2 norm" : "sum";
  return `${how} of ${entries.length} entries, ${first} … [${last}]${bundle.rest_name ? `, over the ${bundle.rest_name}s` : ""}`;
}

export function unravel(flat: number, shape: number[]): number[] {
  const index: number[] = [];
  for (let k = shape.length - 1; k >= 0; k--) {
    index.unshift(flat % shape[k]);
    flat = Math.floor(flat / shape[k]);
  }
  return index;
}

/** The links of a unit at a checkpoint, strongest first. */
export function unitLinks(
  bundles: Bundle[],
  history: History,
  group: string,
  unit: number,
  k: number,
): LinkRow[] {
  const rows: LinkRow[] = [];
  for (const bundle of bundles) {
    if (bundle.source !== group && bundle.target !== group) continue;
    const [nTarget, nSource] = bundle.shape;
    const values = new Float32Array(nTarget * nSource);
    const recorded = history.bundle(bundle, k, values);
    const add = (target: number, source: number) =>
      rows.push({ bundle, target, source, value: values[target * nSource + source], recorded });
    if (bundle.target === group) for (let i = 0; i < nSource; i++) add(unit, i);
    else for (let j = 0; j < nTarget; j++) add(j, unit);
  }
  return rows.sort((a, b) => Math.abs(b.value) - Math.abs(a.value) || 0);
}

/** The target and the source of the link that shows a flat parameter entry; null where none of the bundle does. */
export function linkOf(bundle: Bundle, flat: number): [target: number, source: number] | null {
  const { shape, strides, offset, blocks = 1, block_stride = 0 } = bundle;
  const nTarget = shape[0] / blocks;
  const sides = [blocks, nTarget, ...shape.slice(1)];
  const steps = [nTarget * strides[0] + block_stride, ...strides];
  const at = sides.map(() => 0);
  let left = flat - offset;
  // of what lies in an array without gaps, the longest step goes first
  for (const d of sides.flatMap((n, d) => (n > 1 ? [d] : [])).sort((a, b) => steps[b] - steps[a])) {
    at[d] = Math.max(0, Math.min(sides[d] - 1, Math.floor(left / steps[d])));
    left -= at[d] * steps[d];
  }
  const [target, source] = [at[0] * nTarget + at[1], at[0] * shape[1] + at[2]];
  return left === 0 && linkEntries(bundle, target, source).includes(flat) ? [target, source] : null;
}

/** A parameter entry as a selection of the first link that shows it. */
export function asLink(network: Network, bundles: Bundle[], selection: Selection | null): Selection | null {
  if (selection === null || !("parameter" in selection)) return selection;
  const shape = network.parameters[selection.parameter] ?? [];
  const flat = selection.index.reduce((sum, i, d) => sum * shape[d] + i, 0);
  for (const bundle of bundles) {
    const link = bundle.parameter === selection.parameter && linkOf(bundle, flat);
    if (link) return { bundle: bundle.id, target: link[0], source: link[1] };
  }
  return null;
}
