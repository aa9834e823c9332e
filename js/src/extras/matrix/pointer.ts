// Where the pointer rests on a matrix, and what is told there.
import type { Figure } from "../figure";
import type { Readout } from "./readout";
import type { Cell } from "./sheet";

export interface Told {
  hit(x: number, y: number): Cell | null;
  /** The checkpoint that is told. */
  shown(): number;
}

export class Pointer {
  readonly #figure: Figure;
  readonly #readout: Readout;
  readonly #told: Told;
  #at: [x: number, y: number] | null = null;

  constructor(figure: Figure, readout: Readout, told: Told) {
    this.#figure = figure;
    this.#readout = readout;
    this.#told = told;
  }

  /** What is at a place. */
  hit = (x: number, y: number): Cell | null => this.#told.hit(x, y);

  rest(x: number, y: number): void {
    this.#at = [x, y];
    this.#tell(this.hit(x, y), this.#at);
  }

  /** More is known of what is below it. */
  again(): void {
    if (this.#at) this.rest(...this.#at);
  }

  leave(): void {
    this.#at = null;
    this.#tell(null, [0, 0]);
  }

  #tell(cell: Cell | null, at: [x: number, y: number]): void {
    this.#figure.stage.style.cursor = cell ? "pointer" : "";
    this.#readout.point(cell, this.#told.shown(), at);
  }
}
