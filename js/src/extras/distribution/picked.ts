// Which weight is selected, and which one a reader means who presses a bin. Pure.
import { asLink, isLink, type Selection, unravel } from "../../describe";
import { sizeOf } from "../../hierarchy";
import { type Bundle, linkEntries, linkStart, type Network, storedName } from "../../network";
import type { Part } from "../parts";
import type { Bins } from "./bins";
import type { Series } from "./series";

export interface Picked {
  parameter: string;
  /** Flat entries of it. */
  entries: number[];
  port: string | null;
}

/** The weights that a selection stands for; null if for none, or for many (a unit, a block). */
export function pickedOf(network: Network, selection: Selection | null): Picked | null {
  const link = asLink(network, network.bundles, selection);
  if (isLink(link)) {
    const bundle = network.bundles.find(({ id }) => id === link.bundle);
    if (!bundle) return null;
    const parameter = storedName(network, bundle.parameter);
    return { parameter, entries: linkEntries(bundle, link.target, link.source), port: bundle.port };
  }
  if (selection === null || !("parameter" in selection)) return null;
  const shape = network.parameters[selection.parameter];
  if (!shape) return null;
  const entry = selection.index.reduce((sum, i, d) => sum * shape[d] + i, 0);
  return { parameter: storedName(network, selection.parameter), entries: [entry], port: null };
}

/** The gate that a part is of; null if of none. */
const gateOf = (network: Network, { name, layer }: Part): string | null =>
  name.startsWith(`${layer}.`) && !(name in network.parameters) ? name.slice(layer.length + 1) : null;

export function isOf(network: Network, part: Part, { parameter, port }: Picked): boolean {
  const gate = gateOf(network, part);
  return part.parameters.includes(parameter) && (gate === null || gate === port);
}

/** The values at a checkpoint of what is selected, as they are binned. */
export function valuesOf(series: Series, { parameter, entries }: Picked, k: number): number[] {
  const values = series.history.parameter(parameter, k);
  return values ? entries.map((entry) => values[entry] / series.normAt(k, parameter)) : [];
}

function* entriesOf(network: Network, part: Part, parameter: string): Generator<number> {
  const gate = gateOf(network, part);
  if (gate === null) {
    const n = sizeOf(network.parameters[parameter]);
    for (let i = 0; i < n; i++) yield i;
    return;
  }
  const isOwn = (bundle: Bundle) => bundle.parameter === parameter && bundle.port === gate;
  for (const bundle of network.bundles.filter(isOwn))
    for (let j = 0; j < bundle.shape[0]; j++)
      for (let i = 0; i < bundle.shape[1]; i++) yield linkStart(bundle, j, i);
}

/** The weight that is nearest to the middle of a bin, and in it; null if the bin is empty. */
export function nearestIn(
  network: Network,
  series: Series,
  k: number,
  { edges, n }: Bins,
  bin: number,
): Selection | null {
  const middle = (edges[bin] + edges[bin + 1]) / 2;
  let [best, least] = [null as { parameter: string; entry: number } | null, Infinity];
  for (const parameter of series.part.parameters) {
    const values = series.history.parameter(parameter, k);
    if (!values) continue;
    const norm = series.normAt(k, parameter);
    for (const entry of entriesOf(network, series.part, parameter)) {
      const value = values[entry] / norm;
      const distance = Math.abs(value - middle);
      const isIn = value >= edges[bin] && (value < edges[bin + 1] || (bin === n - 1 && value <= edges[n]));
      if (isIn && distance < least) [best, least] = [{ parameter, entry }, distance];
    }
  }
  return (
    best && { parameter: best.parameter, index: unravel(best.entry, network.parameters[best.parameter]) }
  );
}
