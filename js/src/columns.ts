// How far apart columns stand: room for lanes, boxes, frames and the names of units. Pure.
import { imageReach, pictureGap } from "./hanging";
import { imageOf, isBanded, type LayoutLooks, MARGIN, MOST_NAME_PX } from "./layout";
import type { Group } from "./network";

const GAP = { dense: 54, titled: 118, recurrent: 104, banded: 172, box: 34 };
const ABOUT_STRIPS = 30; // beside their width
const MOST_BOX_STRETCH = 1.6; // a few boxes need not be as far apart as the stage is wide

/** Things by a key, in their order. */
export function grouped<T, K>(things: readonly T[], keyOf: (thing: T) => K): Map<K, T[]> {
  const lists = new Map<K, T[]>();
  for (const thing of things) {
    const key = keyOf(thing);
    const list = lists.get(key);
    if (list) list.push(thing);
    else lists.set(key, [thing]);
  }
  return lists;
}

export type Columns = Map<number, Group[]>;

export const hasBands = (columns: Columns, column: number): boolean =>
  columns.get(column)?.some(isBanded) ?? false;

/** Room beside a column for the names of its units. */
function nameRoom(groups: Group[]): number {
  const names = groups.flatMap((group) => group.unit_names ?? []);
  const longest = names.reduce((n, name) => Math.max(n, name.length), 0);
  return Math.min(MOST_NAME_PX, longest * 6.4) + 26;
}

/** Half the width of a column that has boxes of stated size; 0 of others. */
const boxReach = (groups: Group[], looks: LayoutLooks): number =>
  groups.reduce((most, { id }) => Math.max(most, (looks.boxes?.get(id)?.width ?? 0) / 2), 0);

/** Room for the history strips to the right of a column. */
const stripRoom = (groups: Group[], { strips }: LayoutLooks): number =>
  Math.max(0, ...groups.map(({ id }) => (strips?.has(id) ? strips.get(id)! + ABOUT_STRIPS : 0)));

/** Column positions: lanes and boxes need room; everything widens with the stage. */
export function columnPositions(
  columns: Columns,
  looks: LayoutLooks,
): { x: number[]; width: number; gaps: number[] } {
  const { width } = looks;
  const nColumns = 1 + Math.max(0, ...columns.keys());
  const groupsAt = (column: number) => columns.get(column) ?? [];
  /** Sides of frames, and half the pictures of outputs on either side. */
  const edge = (column: number) => {
    const sides = [column - 1, column].flatMap(groupsAt);
    return (looks.edges?.[column] ?? 0) + (sides.some(({ id }) => looks.pictured?.has(id)) ? 30 : 0);
  };
  const strips = (column: number) => stripRoom(groupsAt(column), looks);
  const hasLane = (column: number) => groupsAt(column).some((group) => group.delayed_of !== null);
  const leastGap = (column: number) => {
    const reach = boxReach(groupsAt(column - 1), looks) + boxReach(groupsAt(column), looks);
    const dense = looks.boxes?.size ? GAP.titled : GAP.dense;
    const isMixed = [column - 1, column].some((c) => boxReach(groupsAt(c), looks) === 0);
    const gap = (reach > 0 ? reach + GAP.box + (isMixed ? GAP.dense : 0) : dense) + edge(column);
    const exhibits = groupsAt(column).flatMap(({ id }) => looks.exhibits?.get(id) ?? []);
    if (exhibits.length > 0) return Math.max(gap, ...exhibits.map((exhibit) => pictureGap(exhibit, width)));
    if (!hasLane(column)) return gap;
    const banded = hasBands(columns, column) || hasBands(columns, column - 1);
    return Math.max(gap, banded ? GAP.banded : GAP.recurrent);
  };
  const margin = (side: number, column: number) => {
    const reach = boxReach(groupsAt(column), looks);
    const isImage = groupsAt(column).some((group) => imageOf(group, looks));
    if (isImage) return imageReach(width) + 14;
    return Math.max(reach > 0 ? reach + GAP.box : side, nameRoom(groupsAt(column)));
  };
  const left = margin(MARGIN.left, 0) + edge(0);
  const atRight = strips(nColumns - 1); // then names stand behind them
  const beside = atRight > 0 ? atRight + nameRoom(groupsAt(nColumns - 1)) : 0;
  const right = Math.max(margin(MARGIN.right, nColumns - 1), beside) + edge(nColumns);
  const firstLane = hasLane(0) ? leastGap(0) : 0;
  const least = Array.from({ length: nColumns - 1 }, (_, c) => leastGap(c + 1) + strips(c));
  const sum = least.reduce((a, b) => a + b, 0);
  const room = width - left - right - firstLane;
  const most = looks.boxes?.size ? MOST_BOX_STRETCH : Number.POSITIVE_INFINITY;
  // Pictures fill their room; what is left goes to the columns with lines between them.
  const isPictured = least.map((_, c) => groupsAt(c + 1).some(({ id }) => looks.exhibits?.has(id)));
  const fixed = isPictured.every(Boolean) ? 0 : least.reduce((n, gap, c) => n + (isPictured[c] ? gap : 0), 0);
  const stretch = sum > fixed ? Math.min(most, Math.max(1, (room - fixed) / (sum - fixed))) : 1;
  const gaps = least.map((gap, c) => (isPictured[c] && fixed > 0 ? gap : gap * stretch));
  const spare = nColumns === 1 ? room : most < room / Math.max(1, sum) ? room - most * sum : 0;
  const x = [left + firstLane + Math.max(0, spare / 2)];
  for (const gap of gaps) x.push(x[x.length - 1] + gap);
  return {
    x,
    width: Math.max(width, x[x.length - 1] + right),
    gaps: [firstLane || GAP.recurrent, ...gaps.map((gap, c) => gap - strips(c))],
  };
}
