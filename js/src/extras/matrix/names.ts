// The names of rows and columns beside the cells, of the runs that they make, and of what is not there. SVG.
import { type Attributes, svg } from "../../dom";
import type { Network } from "../../network";
import { CHARACTER_PX, clip, text } from "../../views/graph/label";
import type { Placed, Room } from "./layout";
import type { Axis } from "./place";
import type { Piece, Sheet } from "./sheet";
import { columnLine, columnRuns, lineName, type Run, rowLine, rowRuns } from "./units";

const LINE_PX = 13; // of text
const MOST = { row: 110, column: 84 }; // pixels of a name
const LONG = 4; // characters of a name of columns from which on they stand upright

/** What is known of a sheet's rows and columns whatever their place. */
export interface Names {
  rows: Run[];
  columns: (Run & { piece: Piece })[];
  rowName(row: number): string;
  columnName(column: number): string;
  isUpright: boolean;
  room: Pick<Room, "left" | "top">;
  /** Columns from one name to the next. */
  steps: number[]; // by run of columns
}

const SAMPLED = 600; // names that the room is measured by

export function namesOf(network: Network, sheet: Sheet): Names {
  const rows = rowRuns(network, sheet);
  const columns = sheet.pieces.flatMap((piece) =>
    columnRuns(network, piece).map((run) => ({ ...run, piece })),
  );
  const rowName = (row: number) => lineName(rowLine(network, sheet, row), row);
  const columnName = (column: number) => {
    const piece = sheet.pieces.findLast(({ first }) => first <= column)!;
    return lineName(columnLine(network, piece, column - piece.first), column - piece.first);
  };
  const longest = (n: number, name: (i: number) => string) => {
    const step = Math.ceil(n / SAMPLED);
    let most = 0;
    for (let i = 0; i < n; i += step) most = Math.max(most, name(i).length);
    return Math.max(most, name(n - 1).length);
  };
  const across = longest(sheet.nColumns, columnName);
  const isUpright = across > LONG;
  const hasGates = rows.length > 1;
  return {
    rows,
    columns,
    rowName,
    columnName,
    isUpright,
    steps: columns.map(({ piece, first }) => columnLine(network, piece, first - piece.first).step || 1),
    room: {
      left: Math.min(MOST.row, longest(sheet.nRows, rowName) * CHARACTER_PX) + 8 + (hasGates ? 22 : 0),
      top: LINE_PX + 6 + (isUpright ? Math.min(MOST.column, across * CHARACTER_PX) + 4 : LINE_PX),
    },
  };
}

/** Every which line has a name, so that each has `room` pixels: 1, 2, 5 or 10 times a power of ten. */
export function strideOf(size: number, room: number): number {
  let power = 1;
  for (;;) {
    for (const factor of [1, 2, 5]) if (factor * power * size >= room) return factor * power;
    power *= 10;
  }
}

/** The cells of a run that have a name, `step` of them to a unit: all, or the first and every round one. */
function* named({ first, n }: Run, step: number, stride: number, axis: Axis, low: number, high: number) {
  const nUnits = Math.ceil(n / step);
  const at = (unit: number) => axis.from(first + unit * step) + (step * axis.size) / 2;
  const jump = step * axis.size;
  const from = Math.max(0, Math.floor((low - axis.from(first)) / jump));
  const to = Math.min(nUnits - 1, Math.floor((high - axis.from(first)) / jump));
  for (let unit = from; unit <= to; unit++) {
    const isRound = (unit + 1) % stride === 0 || (unit === 0 && stride > 2);
    const pixel = at(unit);
    if (isRound && pixel >= low && pixel <= high) yield { cell: first + unit * step, pixel };
  }
}

/** All names that have room, at a place. */
export function drawNames(names: Names, { box, rows, columns }: Placed): SVGGElement {
  const group = svg("g", "nwv-matrix-names");
  const stride = strideOf(rows.size, LINE_PX);
  for (const run of names.rows) {
    for (const { cell, pixel } of named(run, 1, stride, rows, box.top, box.bottom)) {
      const name = names.rowName(cell);
      const at: Attributes = { x: box.left - 6, y: pixel + 4, "text-anchor": "end" };
      group.append(text(clip(name, MOST.row), at, name));
    }
    const [from, to] = ends(rows, run, box.top, box.bottom);
    if (run.title && names.rows.length > 1 && to - from > 8) {
      const x = box.left - names.room.left + 6;
      group.append(svg("path", { d: `M${x + 12},${from + 1}h-4V${to - 1}h4` }));
      const at: Attributes = { x, y: (from + to) / 2 + 4, class: "nwv-matrix-gate", "text-anchor": "middle" };
      group.append(text(clip(run.title, 18), at, run.title));
    }
  }
  names.columns.forEach((run, i) => {
    const [from, to] = ends(columns, run, box.left, box.right);
    if (to <= from) return;
    const isFirst = run.first === run.piece.first;
    const own = isFirst ? run.piece.title : "";
    const title = [own, run.title && `${own ? "← " : "| "}${run.title}`].filter(Boolean).join(" ");
    const next = names.columns[i + 1];
    const room = (next ? columns.from(next.first) : box.right + 24) - from - 4;
    const short = run.piece.isBias && room < title.length * CHARACTER_PX ? "b" : title;
    if (room >= Math.min(12, short.length * 12) && title)
      group.append(
        text(clip(short, room), { x: from, y: box.top - names.room.top + 11, class: "nwv-matrix-of" }, title),
      );
    const [step, size] = [names.steps[i], columns.size * names.steps[i]];
    const width = names.isUpright ? LINE_PX : 8 + CHARACTER_PX * String(run.n).length;
    if (run.piece.isBias) return; // its title says it all
    for (const { cell, pixel } of named(run, step, strideOf(size, width), columns, from, to)) {
      const name = names.columnName(cell);
      const place: Attributes = names.isUpright
        ? { transform: `translate(${pixel + 4} ${box.top - 5}) rotate(-90)` }
        : { x: pixel, y: box.top - 5, "text-anchor": "middle" };
      group.append(text(names.isUpright ? clip(name, MOST.column) : name, place, name));
    }
  });
  return group;
}

/** The part of a run that is in sight. */
function ends(axis: Axis, { first, n }: Run, low: number, high: number): [number, number] {
  const from = axis.from(first);
  return [Math.max(low, from), Math.min(high, from + n * axis.size)];
}
