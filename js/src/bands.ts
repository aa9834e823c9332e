// Folds groups of very many units into bands, of neighbours or of alike units: a smaller network that is drawn instead,
// in which a link between bands is the root mean square of the weights between their units. Pure.
import type { ComputedOrder } from "./blocks";
import { asLink, type Selection } from "./describe";
import { type Bundle, type Group, type Network, restOffsets, unitName, type Wire } from "./network";

const ROWS = { least: 12, wanted: 25, most: 40 }; // bands of a group

/** A part of a group, drawn as a group of its own: rows of equally many units. */
interface Run {
  id: string;
  group: Group; // the whole one
  first: number; // unit, in the order in which they are folded
  size: number; // units in a row
  nRows: number;
  units: Int32Array; // row after row
  isClustered: boolean;
}

/** Which groups are folded, and which band of each is open: group id -> number of the band. */
export interface Folding {
  most: number; // units that a group may have and be drawn one by one
  open: Record<string, number>;
  keeps(group: Group): boolean; // groups that stay whole however many units they have
  /** The order in which alike units are neighbours; undefined where it is not here, null to fold as in the model. */
  clusters: ComputedOrder | null | undefined;
}

/** How many units a band holds: such that the bands are alike, if a size near the wanted one does it. */
export function bandSize(n: number): number {
  let best = 0;
  for (let rows = ROWS.least; rows <= ROWS.most; rows++)
    if (n % rows === 0 && (best === 0 || Math.abs(rows - ROWS.wanted) < Math.abs(n / best - ROWS.wanted)))
      best = n / rows;
  return best || Math.ceil(n / ROWS.wanted);
}

function runsOf(group: Group, open: number | undefined, order: number[] | undefined): Run[] {
  const n = group.n_units;
  const isClustered = order?.length === n;
  const units = Int32Array.from(isClustered ? order : Array(n).keys());
  const size = bandSize(n);
  const nBands = Math.ceil(n / size);
  const runs: Run[] = [];
  const add = (first: number, stop: number, of: number): void => {
    const push = (from: number, to: number, rowSize: number): void => {
      if (from === to) return;
      const about = { id: `${group.id}[${from}:${to}]`, group, first: from, units: units.subarray(from, to) };
      runs.push({ ...about, size: rowSize, nRows: (to - from) / rowSize, isClustered });
    };
    const rest = stop - ((stop - first) % of);
    push(first, rest, of);
    push(rest, stop, stop - rest);
  };
  if (open === undefined || open < 0 || open >= nBands) add(0, n, size);
  else {
    const [first, stop] = [open * size, Math.min(n, (open + 1) * size)];
    add(0, first, size);
    add(first, stop, 1);
    add(stop, n, size);
  }
  return runs;
}

function groupOf(run: Run, delayedOf: string | null, beside: string | null): Group {
  const { group, first, size, nRows, units, isClustered } = run;
  const bandAt = (row: number) => Math.floor((first + row * size) / bandSize(group.n_units)) + 1;
  const name = (row: number): string => {
    const from = unitName(group, units[row * size]);
    if (size === 1) return from;
    if (isClustered) return `band ${bandAt(row)}, ${size} alike units`;
    return `${from}–${unitName(group, units[(row + 1) * size - 1])}`;
  };
  const [from, to] = isClustered ? [bandAt(0), bandAt(nRows - 1)] : [first + 1, first + nRows * size];
  const kind = isClustered ? (from < to ? "bands " : "band ") : "";
  return {
    ...group,
    id: run.id,
    n_units: nRows,
    unit_names: Array.from({ length: nRows }, (_, row) => name(row)),
    parts: [],
    grid: null,
    delayed_of: delayedOf,
    beside,
    band: { of: group.id, range: kind + (from < to ? `${from}–${to}` : from), size },
  };
}

/** A bundle between two runs: the units of a row are rest dimensions, over which the mean is taken. */
function bundleOf(bundle: Bundle, target: Run | null, source: Run | null): Bundle {
  const [nTarget, nSource, ...rest] = bundle.shape;
  const [toTarget, toSource, ...restStrides] = bundle.strides;
  const all = (n: number) => ({ first: 0, size: 1, nRows: n, units: Int32Array.from(Array(n).keys()) });
  const t = target ?? { id: bundle.target, ...all(nTarget) };
  const s = source ?? { id: bundle.source, ...all(nSource) };
  const piece: Bundle = {
    ...bundle,
    id: pieceId(bundle.id, t.first, s.first),
    target: t.id,
    source: s.id,
    shape: [t.nRows, s.nRows, ...rest],
    units: [t.units, s.units],
  };
  if (t.size === 1 && s.size === 1) return piece;
  const isOne = bundle.reduce === "index"; // entry of a rest that is not summed over
  return {
    ...piece,
    offset: bundle.offset + (isOne ? restOffsets(bundle)[0] : 0),
    shape: [t.nRows, s.nRows, t.size, s.size, ...(isOne ? [] : rest)],
    strides: [toTarget, toSource, 0, 0, ...(isOne ? [] : restStrides)],
    reduce: "rms",
    index: null,
    rest_name: "weight",
  };
}

const pieceId = (id: string, target: number, source: number): string => `${id}[${target}, ${source}]`;

export class Bands {
  readonly whole: Network;
  readonly network: Network;
  readonly clusters: Folding["clusters"];
  readonly #runs = new Map<string, Run[]>(); // by the id of the whole group
  readonly #pieces = new Map<string, { bundle: Bundle; target: Run | null; source: Run | null }>();

  constructor(whole: Network, { most, open, keeps, clusters }: Folding) {
    this.whole = whole;
    this.clusters = clusters;
    const inBlocks = new Set(whole.bundles.flatMap((b) => ((b.blocks ?? 1) > 1 ? [b.source, b.target] : [])));
    for (const group of whole.groups)
      if (group.n_units > most && group.role !== "box" && !keeps(group) && !inBlocks.has(group.id))
        this.#runs.set(
          group.id,
          runsOf(group, open[group.delayed_of ?? group.id], clusters?.groups[group.id]),
        );
    this.network = this.#runs.size > 0 ? this.#fold() : whole;
  }

  #fold(): Network {
    const [whole, runs] = [this.whole, this.#runs];
    const first = (id: string | null): string | null => (id === null ? null : (runs.get(id)?.[0].id ?? id));
    const groups = whole.groups.flatMap((group) => {
      const delayed = group.delayed_of === null ? undefined : runs.get(group.delayed_of);
      const own = runs.get(group.id);
      if (!own) return [{ ...group, delayed_of: first(group.delayed_of), beside: first(group.beside) }];
      return own.map((run, i) => groupOf(run, delayed?.[i].id ?? group.delayed_of, first(group.beside)));
    });
    const bundles = whole.bundles.flatMap((bundle) => {
      const [targets, sources] = [runs.get(bundle.target) ?? [null], runs.get(bundle.source) ?? [null]];
      if (targets[0] === null && sources[0] === null) return [bundle];
      return targets.flatMap((target) =>
        sources.map((source) => {
          const piece = bundleOf(bundle, target, source);
          this.#pieces.set(piece.id, { bundle, target, source });
          return piece;
        }),
      );
    });
    const wires = whole.wires.map(
      (wire): Wire => ({ ...wire, source: first(wire.source)!, target: first(wire.target)! }),
    );
    return { ...whole, groups, bundles, wires };
  }

  /** What is drawn of a group: its runs, or itself. */
  ids = (group: string): string[] => this.#runs.get(group)?.map(({ id }) => id) ?? [group];

  /** How many units of a group are folded, for each group that is. */
  get folded(): { group: Group; nUnits: number; size: number; isClustered: boolean }[] {
    return [...this.#runs.values()].map((runs) => ({
      ...runs[0],
      nUnits: runs.reduce((n, run) => n + (run.size > 1 ? run.nRows * run.size : 0), 0),
      size: bandSize(runs[0].group.n_units),
    }));
  }

  /** The band that a press on a row means: to be opened, or null of a unit that is open. */
  bandOf(id: string, row: number): { group: string; band: number } | null {
    const run = this.#runOf(id);
    if (!run || run.size === 1) return null;
    const { group } = run;
    return {
      group: group.delayed_of ?? group.id,
      band: Math.floor((run.first + row * run.size) / bandSize(group.n_units)),
    };
  }

  #runOf(id: string): Run | undefined {
    for (const runs of this.#runs.values()) for (const run of runs) if (run.id === id) return run;
    return undefined;
  }

  #rowOf(group: string, unit: number): { id: string; row: number } {
    const run = this.#runs.get(group)?.find(({ units }) => units.includes(unit));
    return run
      ? { id: run.id, row: Math.floor(run.units.indexOf(unit) / run.size) }
      : { id: group, row: unit };
  }

  /** What stands on the diagram for a selection of the whole network. */
  toShown = (given: Selection | null): Selection | null => {
    if (given === null || this.#runs.size === 0) return given;
    const selection = asLink(this.whole, this.whole.bundles, given) ?? given;
    if ("group" in selection) {
      const { id, row } = this.#rowOf(selection.group, selection.unit);
      return { ...selection, group: id, unit: row };
    }
    const bundle = "bundle" in selection && this.whole.bundles.find(({ id }) => id === selection.bundle);
    if (!bundle) return selection;
    const target = this.#rowOf(bundle.target, selection.target);
    const source = this.#rowOf(bundle.source, selection.source);
    for (const [id, piece] of this.#pieces)
      if (
        piece.bundle === bundle &&
        (piece.target?.id ?? bundle.target) === target.id &&
        (piece.source?.id ?? bundle.source) === source.id
      )
        return { bundle: id, target: target.row, source: source.row };
    return selection;
  };

  /** The other way; a row is its first unit. */
  toWhole = (selection: Selection | null): Selection | null => {
    if (selection === null) return null;
    const unitOf = (run: Run | null | undefined, row: number) => (run ? run.units[row * run.size] : row);
    if ("group" in selection) {
      const run = this.#runOf(selection.group);
      return run ? { ...selection, group: run.group.id, unit: unitOf(run, selection.unit) } : selection;
    }
    const piece = "bundle" in selection ? this.#pieces.get(selection.bundle) : undefined;
    if (!piece || !("bundle" in selection)) return selection;
    const { bundle, target, source } = piece;
    return {
      bundle: bundle.id,
      target: unitOf(target, selection.target),
      source: unitOf(source, selection.source),
    };
  };
}

/** For the caption, where units are to stand in an order that is not here. */
export const missingOrder = (hasKernel: boolean): string =>
  hasKernel ? "waiting for the kernel's order" : "this page lacks that order";

/** For the caption; null where nothing is folded. */
export function bandWords({ folded, clusters }: Bands, hasKernel: boolean): string | null {
  const own = folded.filter(({ group }) => group.delayed_of === null);
  if (own.length === 0) return null;
  const parts = own.map(({ group, nUnits, size, isClustered }) => {
    const kind = isClustered ? " alike" : clusters === null ? "" : " neighbours";
    return `${nUnits} units of ${group.label || group.id} in bands of ${size}${kind}`;
  });
  const how =
    clusters === undefined
      ? ` (${missingOrder(hasKernel)})`
      : clusters && own.some(({ isClustered }) => isClustered)
        ? ` (equal parts of the order by correlation of incoming weights at checkpoint ${clusters.checkpoint + 1})`
        : "";
  return `${parts.join(", ")}${how}: links of a band are the root mean square of its weights (press a band to unfold it)`;
}
