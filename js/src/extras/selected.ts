// What is selected, in a sentence or two for a screen reader: a link with its value, a unit with its strongest links. Pure.
import {
  asLink,
  isBlock,
  isLink,
  isUnit,
  linkLabel,
  type Selection,
  unitLabel,
  unitLinks,
} from "../describe";
import type { History } from "../history";
import { firstSource, type Network } from "../network";
import { formatCount, formatValue } from "../scale";

const MOST_TOLD = 3;

export function selectionWords(
  network: Network,
  history: History,
  selected: Selection | null,
  k: number,
): string {
  const { bundles } = network;
  const selection = asLink(network, bundles, selected);
  if (isBlock(selection)) return `Selected: block ${selection.block}.`;
  if (isLink(selection)) {
    const bundle = bundles.find(({ id }) => id === selection.bundle);
    if (!bundle) return "";
    const { target, source } = selection;
    const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    const isThere = history.bundle(bundle, k, values);
    const value = values[target * bundle.shape[1] + source - firstSource(bundle, target)];
    return `Selected: ${linkLabel(network, bundle, target, source)}: ${formatValue(isThere ? value : null)}.`;
  }
  if (!isUnit(selection)) return "";
  const { group, unit } = selection;
  const links = unitLinks(bundles, history, group, unit, k).filter(({ value }) => Number.isFinite(value));
  const told = links
    .slice(0, MOST_TOLD)
    .map(
      ({ bundle, target, source, value }) =>
        `${linkLabel(network, bundle, target, source)}: ${formatValue(value)}`,
    );
  const strongest = told.length > 0 ? `; strongest ${told.join("; ")}` : "";
  return `Selected: ${unitLabel(network, group, unit)}, ${formatCount(links.length)} links${strongest}.`;
}
