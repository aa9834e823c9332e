// What the strips show: each link's values by checkpoint, or by several where there are very many. No drawing.
import type { History } from "../../history";
import type { Bundle } from "../../network";
import type { StripLinks } from "../../views/context";
import { kept, MISSING, stronger } from "./parts";
import type { Row } from "./rows";

const MOST_VALUES = 6e6;

interface Given {
  history: Pick<History, "nCheckpoints" | "isHere">;
  links: StripLinks;
  isPerCheckpoint: boolean; // each checkpoint has a domain of its own, and values are shares of it
}

export class Samples {
  readonly rows: Row[];
  readonly step: number; // checkpoints to a column
  readonly columns: Float32Array[] = []; // (n_rows,) each; some may not be filled in yet
  nColumns = 0;
  readonly #settled: boolean[] = []; // columns whose checkpoints are all here
  #next = 0;
  readonly #ofBundle: [bundle: Bundle, rows: number[]][];

  constructor(rows: Row[], nCheckpoints: number) {
    this.rows = rows;
    this.step = stepFor(rows.length, nCheckpoints);
    const ofBundle = new Map<Bundle, number[]>();
    rows.forEach(({ bundle }, i) => {
      if (!ofBundle.has(bundle)) ofBundle.set(bundle, []);
      ofBundle.get(bundle)!.push(i);
    });
    this.#ofBundle = [...ofBundle];
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
    this.#settled[c] = stop <= history.nCheckpoints && here.length === this.step;
  }

  #add(column: Float32Array, k: number, { links, isPerCheckpoint }: Given): void {
    for (const [bundle, rows] of this.#ofBundle) {
      const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
      if (!links.evaluate(bundle, k, values)) continue;
      const scale = isPerCheckpoint ? links.domain(bundle, k) || 1 : 1;
      for (const i of rows) column[i] = stronger(column[i], kept(values[this.rows[i].entry] / scale));
    }
  }
}

const stepFor = (nRows: number, nCheckpoints: number): number =>
  Math.max(1, Math.ceil((nRows * nCheckpoints) / MOST_VALUES));
