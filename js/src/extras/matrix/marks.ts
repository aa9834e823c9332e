// Which cells, rows and columns of a sheet a selection stands for, as rectangles of cells. Pure.
import { isUnit, type Selection, unravel } from "../../describe";
import { firstSource, type Network } from "../../network";
import { type Cell, cellAt, cellsOf, entryOf, isPlain, linkAt, type Sheet } from "./sheet";

/** Neighbouring cells: the first row (and column of the sheet), and how many. */
export interface Marked {
  rows: [first: number, n: number];
  columns: [first: number, n: number];
  isUnit: boolean; // all rows or columns of a unit
}

/** Neighbouring cells of a row together. */
function joined(cells: Cell[]): Marked[] {
  const marked: Marked[] = [];
  const sorted = cells
    .map(({ piece, row, column }) => ({ row, column: piece.first + column }))
    .sort((a, b) => a.row - b.row || a.column - b.column);
  for (const { row, column } of sorted) {
    const last = marked.at(-1);
    if (last && last.rows[0] === row && last.columns[0] + last.columns[1] === column) last.columns[1]++;
    else marked.push({ rows: [row, 1], columns: [column, 1], isUnit: false });
  }
  return marked;
}

const MOST = 64; // marks of a unit

function ofUnit(network: Network, sheet: Sheet, group: string, unit: number): Marked[] {
  const [rows, columns] = [new Set<number>(), new Set<number>()];
  for (const bundle of network.bundles) {
    const { id, source, target, shape } = bundle;
    const cells = (at: number, from: number) =>
      cellsOf(network, sheet, { bundle: id, target: at, source: from });
    if (target === group && unit < shape[0])
      for (const { row } of cells(unit, firstSource(bundle, unit)).slice(0, 1)) rows.add(row);
    if (source === group && (bundle.blocks ?? 1) === 1)
      for (const { piece, column } of cells(0, unit)) columns.add(piece.first + column);
  }
  const all: [number, number] = [0, sheet.nRows];
  const across = [...columns].sort((a, b) => a - b).slice(0, MOST);
  const runs: [number, number][] = [];
  for (const column of across) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === column) last[1]++;
    else runs.push([column, 1]);
  }
  return [
    ...[...rows].map((row): Marked => ({ rows: [row, 1], columns: [0, sheet.nColumns], isUnit: true })),
    ...runs.map((run): Marked => ({ rows: all, columns: run, isUnit: true })),
  ];
}

export const marksOf = (network: Network, sheet: Sheet, selection: Selection | null): Marked[] =>
  isUnit(selection)
    ? ofUnit(network, sheet, selection.group, selection.unit)
    : joined(cellsOf(network, sheet, selection));

/** The cell next to what is marked, if that is not the last one; the first one where nothing is. */
export function nextCell(
  sheet: Sheet,
  from: Marked | undefined,
  { down, across }: { down: number; across: number },
): Cell {
  const within = (at: number, n: number) => Math.max(0, Math.min(n - 1, at));
  const row = from ? within(from.rows[0] + down, sheet.nRows) : 0;
  const column = from ? within(from.columns[0] + across, sheet.nColumns) : 0;
  return cellAt(sheet, row, column)!;
}

/** What is selected by a cell: its link where that is this entry alone, else the entry. */
export function selectionOf(network: Network, cell: Cell): Selection {
  const link = linkAt(network, cell);
  if (link && isPlain(link.of)) return { bundle: link.of.id, target: link.target, source: link.source };
  const { parameter } = cell.piece.view;
  return { parameter, index: unravel(entryOf(cell), network.parameters[parameter]) };
}

/** What is selected by a row: the unit that it leads to, else its entry. */
export function rowSelectionOf(network: Network, cell: Cell): Selection {
  const link = linkAt(network, cell);
  return link ? { group: link.of.target, unit: link.target } : selectionOf(network, cell);
}
