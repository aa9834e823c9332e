// Weights read as digits: the thresholds that are asked for, or half the domain, and the codes at a checkpoint.
import type { ViewContext } from "../../views/context";
import type { Codes } from "./coded";
import { codesOf, type Thresholds } from "./codes";
import type { Sheet } from "./sheet";
import { wholeOf } from "./tiles";
import { mainPiece } from "./units";
import type { Values } from "./values";

const MOST_READ = 1_000_000; // weights of which codes are made

export class Digits {
  readonly #context: ViewContext;
  readonly #values: Values;
  readonly #known = new Map<number, Codes>();

  constructor(context: ViewContext, values: Values) {
    this.#context = context;
    this.#values = values;
  }

  forget(): void {
    this.#known.clear();
  }

  thresholds(sheet: Sheet | null, k: number): Thresholds {
    const { thresholds } = this.#context.options();
    if (thresholds || !sheet) return thresholds ?? [0, 0];
    const half = Number((this.#values.domain(mainPiece(sheet), k).domain / 2).toPrecision(3));
    return [-half, half];
  }

  /** The codes of rows or columns, without biases; null where weights are not read as digits. */
  codes(sheet: Sheet, k: number): Codes | null {
    const { matrix, codes: along } = this.#context.options();
    if (matrix !== "thresholds") return null;
    const known = this.#known.get(k);
    if (known) return known;
    const pieces = sheet.pieces.filter(({ isBias }) => !isBias);
    const thresholds = this.thresholds(sheet, k);
    const isSmall = sheet.nRows * sheet.nColumns <= MOST_READ;
    const read = pieces.flatMap((piece) => {
      const source = isSmall && this.#values.read(piece, k, wholeOf(piece));
      return source ? [{ source, shape: piece.view.shape }] : [];
    });
    const list = read.length === pieces.length ? codesOf(read, thresholds, along) : [];
    const columns = pieces.flatMap(({ first, view }) =>
      Array.from({ length: view.shape[1] }, (_, i) => first + i),
    );
    const codes = { thresholds, along, list, columns };
    this.#known.set(k, codes);
    return codes;
  }
}
