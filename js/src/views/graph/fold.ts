// Which gate or lane a key unfolds next. Pure.
import { isUnit, type Selection } from "../../describe";
import type { Layout } from "../../layout";

/** The next gate of the selected unit's layer, or its h(t-1) folded or unfolded; null where there is nothing to turn. */
export function nextFold(
  layout: Layout,
  selection: Selection | null,
  what: "gate" | "lane",
): { group: string; to: string | boolean } | null {
  const place = isUnit(selection) ? layout.places.get(selection.group) : undefined;
  if (!place) return null;
  if (what === "gate") {
    const { ports } = place.group;
    if (place.port === null) return null;
    return { group: place.group.id, to: ports[(ports.indexOf(place.port) + 1) % ports.length] };
  }
  const lane = [...layout.places.values()].find((other) => other.group.delayed_of === place.group.id);
  return lane?.foldable ? { group: lane.group.id, to: lane.form === "folded" } : null;
}
