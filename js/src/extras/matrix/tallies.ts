// How many entries of a sheet are odd or beyond their domain, by checkpoint; of large sheets not before the playhead rests.
import type { Tally } from "./paint";
import type { Sheet } from "./sheet";
import type { Values } from "./values";

/** Of each piece; null where it was not recorded. */
export type Counts = (Tally | null)[];

const LARGE = 2_000_000; // entries whose counting would keep the picture waiting
const REST_MS = 250;

export class Tallies {
  readonly #values: Values;
  readonly #counted: () => void;
  readonly #known = new Map<number, Counts>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(values: Values, counted: () => void) {
    this.#values = values;
    this.#counted = counted;
  }

  forget(): void {
    this.#known.clear();
    clearTimeout(this.#timer);
  }

  /** The counts at a checkpoint; null while they are still to be made. */
  at(sheet: Sheet, k: number): Counts | null {
    const known = this.#known.get(k);
    if (known) return known;
    if (sheet.nRows * sheet.nColumns <= LARGE) return this.#count(sheet, k);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#count(sheet, k);
      this.#counted();
    }, REST_MS);
    return null;
  }

  #count({ pieces }: Sheet, k: number): Counts | null {
    const counts = pieces.map((piece) => this.#values.tally(piece, k));
    const isWhole = (all: typeof counts): all is Counts => !all.includes(undefined);
    if (!isWhole(counts)) return null;
    this.#known.set(k, counts);
    return counts;
  }
}
