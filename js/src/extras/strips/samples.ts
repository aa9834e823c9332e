// What the strips show: each link's values by checkpoint, or by several where there are very many. No drawing.
import { grouped } from "../../columns";
import type { History } from "../../history";
import type { Bundle } from "../../network";
import type { StripLinks } from "../../views/context";
import { kept, MISSING, type Part, partsOf, stronger } from "./parts";
import type { Row } from "./rows";

const MOST_VALUES = 6e6;

interface Given {
  history: Pick<History, "nCheckpoints" | "isHere">;
  links: StripLinks;
  isPerCheckpoint: boolean; // each checkpoint has a domain of its own, and values are shares of it
}

/** Where the values of some rows come from. */
interface Source {
  bundle: Bundle;
  rows: Int32Array;
  entries: Int32Array;
  values: Float32Array; // of the whole bundle at one checkpoint
}

/** Columns on so many pixels. */
export interface Shared {
  width: number;
  version: number;
  parts: Part[];
  columns: (Float32Array | undefined)[]; // (n_rows,) for each part
}

export class Samples {
  readonly rows: Row[];
  readonly step: number; // checkpoints to a column
  readonly columns: Float32Array[] = []; // (n_rows,) each; some may not be filled in yet
  nColumns = 0;
  readonly #settled: boolean[] = []; // columns whose checkpoints are all here
  #next = 0;
  readonly #sources: Source[];
  #shared: Shared | null = null;
  version = 0; // another one has other values

  constructor(rows: Row[], nCheckpoints: number) {
    this.rows = rows;
    this.step = stepFor(rows.length, nCheckpoints);
    const ofBundle = grouped([...rows.keys()], (i) => rows[i].bundle);
    this.#sources = [...ofBundle].map(([bundle, some]) => ({
      bundle,
      rows: Int32Array.from(some),
      entries: Int32Array.from(some, (i) => rows[i].entry),
      values: new Float32Array(bundle.shape[0] * bundle.shape[1]),
    }));
  }

  /** Whether more checkpoints would be too many for these columns. */
  isOutgrown(nCheckpoints: number): boolean {
    return stepFor(this.rows.length, nCheckpoints) > 2 * this.step;
  }

  /** There may be more to know than before: go through all columns again. */
  begin(nCheckpoints: number): void {
    this.#next = 0;
    this.nColumns = Math.ceil(nCheckpoints / this.step);
  }

  /** Go on with what is not known yet, for about `ms` milliseconds; false if there is more to do. */
  fill(given: Given, ms: number): boolean {
    const end = performance.now() + ms;
    for (; this.#next < this.nColumns; this.#next++) {
      if (performance.now() > end) return false;
      if (!this.#settled[this.#next]) this.#column(this.#next, given);
    }
    return true;
  }

  #column(c: number, given: Given): void {
    const { history } = given;
    const stop = (c + 1) * this.step;
    const ks = Array.from({ length: this.step }, (_, i) => c * this.step + i);
    const here = ks.filter((k) => k < history.nCheckpoints && history.isHere(k));
    if (here.length === 0 && this.columns[c]) return; // what was here once stays
    const column = new Float32Array(this.rows.length).fill(MISSING);
    for (const k of here) this.#add(column, k, given);
    this.columns[c] = column;
    this.version++;
    this.#settled[c] = stop <= history.nCheckpoints && here.length === this.step;
  }

  #add(column: Float32Array, k: number, { links, isPerCheckpoint }: Given): void {
    for (const { bundle, rows, entries, values } of this.#sources) {
      if (!links.evaluate(bundle, k, values)) continue;
      const scale = isPerCheckpoint ? links.domain(bundle, k) || 1 : 1;
      for (let i = 0; i < rows.length; i++) {
        const value = kept(values[entries[i]] / scale);
        column[rows[i]] = this.step === 1 ? value : stronger(column[rows[i]], value);
      }
    }
  }

  /** The columns as so many pixels have them: of several that share a pixel the strongest values. */
  along(width: number): Shared {
    const { version } = this;
    if (this.#shared?.width === width && this.#shared.version === version) return this.#shared;
    const parts = partsOf(this.nColumns, width);
    const columns = parts.map(({ first, last }) => this.#strongest(first, last));
    this.#shared = { width, version, parts, columns };
    return this.#shared;
  }

  #strongest(first: number, last: number): Float32Array | undefined {
    if (last - first === 1) return this.columns[first];
    const column = new Float32Array(this.rows.length).fill(MISSING);
    for (const other of this.columns.slice(first, last))
      if (other) for (let i = 0; i < column.length; i++) column[i] = stronger(column[i], other[i]);
    return column;
  }
}

const stepFor = (nRows: number, nCheckpoints: number): number =>
  Math.max(1, Math.ceil((nRows * nCheckpoints) / MOST_VALUES));
