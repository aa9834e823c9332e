// Going from unit to unit and from link to link by keyboard. Pure.
import { isLink, isUnit, type LinkRow, type Selection } from "../../describe";
import type { Layout, Place } from "../../layout";

export type Direction = "up" | "down" | "left" | "right";

/** The next unit: up and down in a group or among stacked boxes, left and right to the nearest column that way. */
export function nextUnit(
  layout: Layout,
  selection: Selection | null,
  direction: Direction,
): Selection | null {
  const places = [...layout.places.values()].filter(
    (place) => place.form !== "folded" && place.unitY.length > 0,
  );
  const here = isUnit(selection) ? layout.places.get(selection.group) : undefined;
  if (!here || !isUnit(selection)) return places.length ? { group: places[0].group.id, unit: 0 } : null;
  const y = here.unitY[selection.unit];
  const sign = direction === "up" || direction === "left" ? -1 : 1;
  const sideways = direction === "left" || direction === "right";
  const isStacked = (place: Place) => place.form === "box" && Math.abs(place.x - here.x) < 1;
  const column = here.form === "box" ? places.filter(isStacked) : [here];
  const ahead = (sideways ? places : column)
    .flatMap((place) =>
      Array.from(place.unitY, (unitY, unit) => {
        const along = (sideways ? place.x - here.x : unitY - y) * sign;
        return { group: place.group.id, unit, along, off: Math.abs(unitY - y) };
      }),
    )
    .filter((candidate) => candidate.along > 0.5)
    .sort((a, b) => a.along - b.along || a.off - b.off);
  return ahead.length > 0 ? { group: ahead[0].group, unit: ahead[0].unit } : null;
}

/** The link after (or before) the selected one in a unit's list, strongest first. */
export function nextRow(rows: LinkRow[], selection: Selection | null, by: 1 | -1): Selection | null {
  if (rows.length === 0) return null;
  const isHere = (row: LinkRow) =>
    isLink(selection) &&
    row.bundle.id === selection.bundle &&
    row.target === selection.target &&
    row.source === selection.source;
  const at = rows.findIndex(isHere);
  const row = rows[at < 0 ? 0 : (at + by + rows.length) % rows.length];
  return { bundle: row.bundle.id, target: row.target, source: row.source };
}
