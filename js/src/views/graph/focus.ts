// What a reader looks at: a unit with its previous time step, or one link. Its links stay, the rest is dimmed.
import { isLink, isUnit, type SelectedLink, type SelectedUnit, type Selection } from "../../describe";
import type { Layout, Place } from "../../layout";
import type { Network } from "../../network";

export interface Focus {
  units: SelectedUnit[];
  link: SelectedLink | null;
}

/** The focus of a selection; a unit and its h(t-1) are one to a reader. */
export function focusOf(network: Network, selection: Selection | null): Focus | null {
  if (isLink(selection)) {
    const { bundle, target, source } = selection;
    return { units: [], link: { bundle, target, source } };
  }
  if (!isUnit(selection)) return null;
  const { group, unit } = selection;
  const delayed = network.groups.filter((other) => other.delayed_of === group);
  const before = delayed.map((other): SelectedUnit => ({ group: other.id, unit }));
  return { units: [{ group, unit }, ...before], link: null };
}

/** Where a selected unit, or the target of a selected link, stands. */
function placeOf(network: Network, layout: Layout, selection: Selection | null): Place | undefined {
  if (isUnit(selection)) return layout.places.get(selection.group);
  const bundle = isLink(selection) ? network.bundles.find(({ id }) => id === selection.bundle) : undefined;
  return bundle && layout.places.get(bundle.target);
}

/** Whether what is selected stands to the right of x; the image that portraits are of is a part of them. */
export function isRightOf(x: number, layout: Layout, network: Network, selection: Selection | null): boolean {
  const place = placeOf(network, layout, selection);
  return !place?.exhibit && (place?.x ?? 0) > x;
}
