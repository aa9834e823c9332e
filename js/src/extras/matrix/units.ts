// The units that the rows and columns of a sheet belong to: their names, and the runs of neighbours. Pure.
import { linkOf } from "../../describe";
import { type Bundle, firstSource, type Group, linkEntries, type Network, unitName } from "../../network";
import { linkAt, type Piece, type Sheet } from "./sheet";

/** Neighbouring rows or columns of one group of units (and gate). */
export interface Run {
  first: number;
  n: number;
  title: string;
}

export interface Line {
  /** Of the unit that the row or column belongs to. */
  group: Group | null;
  unit: number;
  gate: string | null;
  /** Rows or columns until the next unit's: the entries of a kernel; 0 where its entries lie apart. */
  step: number;
  isOfGroup: boolean; // whether that holds for all lines that cross it
}

const NOBODY: Line = { group: null, unit: 0, gate: null, step: 1, isOfGroup: true };

const restOf = ({ shape }: Bundle): number => shape.slice(2).reduce((n, side) => n * side, 1);

/** Whose a row is: that of the unit which its first entry leads to. */
export function rowLine(network: Network, sheet: Sheet, row: number): Line {
  const link = linkAt(network, { piece: mainPiece(sheet), row, column: 0 });
  const group = network.groups.find(({ id }) => id === link?.of.target);
  if (!link || !group) return { ...NOBODY, unit: row };
  return { group, unit: link.target, gate: link.of.port, step: 1, isOfGroup: true };
}

/** Whose a column is: that of the unit which its first entry comes from. */
export function columnLine(network: Network, piece: Piece, column: number): Line {
  const link = linkAt(network, { piece, row: 0, column });
  const group = network.groups.find(({ id }) => id === link?.of.source);
  if (!link || !group) return { ...NOBODY, unit: column };
  const { of, source } = link;
  const rest = restOf(of);
  const isTogether = rest === 1 || of.strides[1] === rest * piece.view.strides[1];
  const isOfGroup = (of.blocks ?? 1) === 1;
  return { group, unit: source, gate: null, step: isTogether ? rest : 0, isOfGroup };
}

/** What a row or column is called: its unit, or where there is none (or none for all that cross it) its number. */
export const lineName = ({ group, unit, step, isOfGroup }: Line, at: number): string =>
  group && isOfGroup && step > 0 ? unitName(group, unit) : String(at + 1);

/** The runs that bundles make of rows (axis 0) or columns; one alone where they leave something out, or overlap. */
function runsOf(piece: Piece, bundles: Bundle[], axis: 0 | 1, titleOf: (of: Bundle) => string): Run[] {
  const runs = new Map<number, Run>();
  for (const of of bundles) {
    const last = [of.shape[0] - 1, firstSource(of, of.shape[0] - 1) + of.shape[1] - 1];
    const [from, to] = [linkEntries(of, 0, 0)[0], linkEntries(of, last[0], last[1]).at(-1)!].map(
      (flat) => linkOf(piece.view, flat)?.[axis] ?? -1,
    );
    if (from >= 0 && to >= from) runs.set(from, { first: from, n: to - from + 1, title: titleOf(of) });
  }
  const sorted = [...runs.values()].sort((a, b) => a.first - b.first);
  const total = piece.view.shape[axis];
  let next = 0;
  for (const { first, n } of sorted) next = first === next ? next + n : Number.NaN;
  return next === total ? sorted : [{ first: 0, n: total, title: "" }];
}

const ofPiece = ({ bundles }: Network, { view }: Piece): Bundle[] =>
  bundles.filter(({ parameter }) => parameter === view.parameter);

export const mainPiece = ({ pieces }: Sheet): Piece => pieces.find(({ isBias }) => !isBias) ?? pieces[0];

/** Rows by gate, or by group where there are several. */
export function rowRuns(network: Network, sheet: Sheet): Run[] {
  const piece = mainPiece(sheet);
  const labels = new Map(network.groups.map(({ id, label }) => [id, label || id]));
  const runs = runsOf(piece, ofPiece(network, piece), 0, (of) => of.port ?? labels.get(of.target)!);
  return runs.length > 1 ? runs : [{ ...runs[0], title: "" }];
}

/** Columns of a piece by the group that they come from. */
export function columnRuns(network: Network, piece: Piece): Run[] {
  const titleOf = ({ source }: Bundle): string => {
    const group = network.groups.find(({ id }) => id === source);
    return group && group.role !== "bias" ? group.label || group.id : "";
  };
  const runs = runsOf(piece, ofPiece(network, piece), 1, titleOf);
  return runs.map((run) => ({ ...run, first: run.first + piece.first }));
}
