// What the strips show and what they do not, for the caption. Pure.
import type { Layout, Place } from "../../layout";
import type { Network } from "../../network";
import { formatCount } from "../../scale";
import { MOST_ROWS, type Rows } from "./rows";

const listed = (names: string[]): string =>
  names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");
const nameOf = ({ group }: Place): string => group.label || group.id;

/** Why the units of a group have none; null of groups that nobody would look for them beside. */
function whyNot({ form, group, strips }: Place): string | null {
  if (strips || group.role === "input" || group.delayed_of !== null) return null;
  if (form === "portraits") return "portraits";
  if (form === "bands") return "gate bands";
  if (group.band && group.band.size > 1) return "bands";
  return form === "nodes" || form === "ports" ? "too close" : null;
}

export interface Sharing {
  hasSharedColumns: boolean; // several checkpoints to a pixel
  hasSharedRows: boolean; // several links
  nRanked: number; // checkpoints that the strongest links are of
  nCheckpoints: number;
}

export function stripWords({ bundles }: Network, { places }: Layout, rows: Rows, sharing: Sharing): string {
  const all = [...places.values()].filter(({ group }) => bundles.some(({ target }) => target === group.id));
  const beside = all.filter(({ strips }) => strips).map(nameOf);
  const reasons = new Map<string, string[]>();
  for (const place of all) {
    const why = whyNot(place);
    if (why) reasons.set(why, [...(reasons.get(why) ?? []), nameOf(place)]);
  }
  const none = [...reasons].map(([why, names]) => `${listed(names)} (${why})`).join(", ");
  if (beside.length === 0) return `no history strips${none ? `: ${none}` : ""}`;
  const shared = [sharing.hasSharedColumns && "checkpoints", sharing.hasSharedRows && "links"].filter(
    Boolean,
  );
  const crowded = rows.units.flatMap(({ gates }) => gates).find(({ n }) => n > MOST_ROWS);
  const { nRanked, nCheckpoints } = sharing;
  const ranked = nRanked < nCheckpoints ? ` (of ${nRanked} checkpoints)` : "";
  const parts = [
    `history strips beside ${listed(beside)}: one a link, a gap where nothing was recorded`,
    shared.length > 0 && `of ${shared.join(" and ")} that share a pixel the strongest shows`,
    sharing.hasSharedRows && "select a unit to enlarge its strips",
    crowded && `only the strongest ${MOST_ROWS} of up to ${formatCount(mostOf(rows))} links${ranked}`,
    none && `none beside ${none}`,
  ];
  return parts.filter(Boolean).join("; ");
}

const mostOf = ({ units }: Rows): number =>
  units.reduce((most, { gates }) => gates.reduce((n, gate) => Math.max(n, gate.n), most), 0);
