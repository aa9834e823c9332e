// Going from unit to unit and from link to link by keyboard. Pure.
import { isLink, isUnit, type LinkRow, type Selection } from "../../describe";
import { boxOf, centreOf } from "../../hanging";
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
  const [x, y] = centreOf(here, selection.unit);
  const sign = direction === "up" || direction === "left" ? -1 : 1;
  const sideways = direction === "left" || direction === "right";
  const isStacked = (place: Place) => place.form === "box" && Math.abs(place.x - here.x) < 1;
  const column = here.form === "box" ? places.filter(isStacked) : [here];
  const ahead = (sideways ? places : column)
    .flatMap((place) => centres(place, layout).map((centre) => ({ ...centre, place })))
    .map(({ place, unit, x: unitX, y: unitY }) => {
      const along = (sideways ? unitX - x : unitY - y) * sign;
      return { place, unit, along, off: Math.abs(sideways ? unitY - y : unitX - x) };
    })
    .filter(({ along, off }) => along > LEAST_PX && (sideways || off < 1))
    .sort((a, b) => a.along - b.along || a.off - b.off);
  const next = (sideways && alongRow(ahead, here, selection.unit)) || ahead[0];
  return next ? { group: next.place.group.id, unit: next.unit } : null;
}

const LEAST_PX = 0.01; // pixels of an image may be small

/** Every unit of a place, and where it is; a "1" is in the column that it stands beside. */
function centres(place: Place, { places }: Layout): { unit: number; x: number; y: number }[] {
  const beside = place.form === "bias" ? places.get(place.group.beside ?? "") : undefined;
  return Array.from(place.unitY, (_, unit) => {
    const [x, y] = centreOf(place, unit);
    return { unit, x: beside?.x ?? x, y };
  });
}

/** Among pictures, the next one in the same row, or half a row away, before anything else. */
function alongRow<T extends { place: Place; off: number }>(ahead: T[], here: Place, unit: number): T | null {
  const height = boxOf(here, unit)?.height ?? 0;
  return ahead.find(({ place, off }) => place === here && off < 1.2 * height) ?? null;
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
