// Which strips stand beside each unit: its incoming links gate by gate, as their sources stand. Pure.
import { isOneByOne, type Layout, type Place, ticksOnStage } from "../../layout";
import { type Bundle, firstSource } from "../../network";
import type { StripLinks } from "../../views/context";

export const MOST_ROWS = 64; // of a gate

export interface Row {
  bundle: Bundle;
  target: number;
  source: number;
  entry: number; // among the values of the bundle
}

/** The strips of one gate of a unit, or of a unit without gates. */
export interface Gate {
  port: string | null;
  rows: number[]; // indices of rows
  n: number; // links that are no biases, of which only the strongest have a strip
}

export interface UnitStrips {
  place: Place;
  unit: number;
  gates: Gate[];
}

export interface Rows {
  all: Row[];
  units: UnitStrips[];
}

/** The strength that a bundle's links are ranked by, where a gate has too many. */
export type StrengthOf = (bundle: Bundle) => Float32Array;

/** The bundles into a group that the reader sees, with the biases that are ticks. */
export const bundlesInto = (group: string, layout: Layout, links: StripLinks): Bundle[] =>
  [...links.bundles, ...ticksOnStage(layout)].filter(
    (bundle) => bundle.target === group && links.isShown(bundle),
  );

/** Where a link's source stands; what is not on the stage comes last. */
function heightOf(layout: Layout, { bundle, source }: Row): number {
  const place = layout.places.get(bundle.source);
  const y = place && (isOneByOne(bundle) ? place.top + place.height / 2 : place.unitY[source]);
  return y === undefined || Number.isNaN(y) ? Number.POSITIVE_INFINITY : y;
}

function linksOf(bundle: Bundle, target: number): Row[] {
  const first = firstSource(bundle, target);
  return Array.from({ length: bundle.shape[1] }, (_, i) => ({
    bundle,
    target,
    source: first + i,
    entry: target * bundle.shape[1] + i,
  }));
}

/** The biases and the strongest of the others, as they stood. */
function strongest(rows: Row[], strengthOf: StrengthOf): Row[] {
  const weights = rows.filter(({ bundle }) => !isOneByOne(bundle));
  if (weights.length <= MOST_ROWS) return rows;
  const strength = (row: Row) => strengthOf(row.bundle)[row.entry];
  const chosen = new Set(weights.sort((a, b) => strength(b) - strength(a)).slice(0, MOST_ROWS));
  return rows.filter((row) => chosen.has(row) || isOneByOne(row.bundle));
}

/** All strips of a layout. */
export function rowsOf(layout: Layout, links: StripLinks, strengthOf: StrengthOf): Rows {
  const all: Row[] = [];
  const units: UnitStrips[] = [];
  for (const place of layout.places.values()) {
    if (!place.strips) continue;
    const bundles = bundlesInto(place.group.id, layout, links);
    const ports = [...new Set(bundles.map(({ port }) => port))];
    ports.sort((a, b) => place.group.ports.indexOf(a ?? "") - place.group.ports.indexOf(b ?? ""));
    for (let unit = 0; unit < place.group.n_units; unit++) {
      const gates = ports.map((port): Gate => {
        const found = bundles.filter((b) => b.port === port).flatMap((bundle) => linksOf(bundle, unit));
        const heights = new Map(found.map((row) => [row, heightOf(layout, row)]));
        found.sort((a, b) => heights.get(a)! - heights.get(b)! || 0);
        const rows = strongest(found, strengthOf).map((row) => all.push(row) - 1);
        return { port, rows, n: found.filter(({ bundle }) => !isOneByOne(bundle)).length };
      });
      units.push({ place, unit, gates: gates.filter(({ rows }) => rows.length > 0) });
    }
  }
  return { all, units };
}
