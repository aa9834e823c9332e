// Pictures of what units put out, over the stage: which groups may have them, and the second part of the code that draws.
import type { Selection } from "../../describe";
import { type Layout, MARGIN, PICTURED } from "../../layout";
import type { Network } from "../../network";
import { USUAL_HEIGHT } from "../../options";
import type { GivenOutputs } from "../../outputs";
import type { Pictures, ViewContext } from "../context";
import type { Size } from "./screen";

const MOST_HEIGHT = 720; // that a stage grows to
const BELOW = 50; // a column: its bias, and the room to the lane

export class Overlay {
  readonly #context: ViewContext;
  readonly #stage: HTMLElement;
  readonly #told: () => void;
  #pictures: Pictures | null = null;
  #of: GivenOutputs | null = null;

  constructor(context: ViewContext, stage: HTMLElement, told: () => void) {
    this.#context = context;
    this.#stage = stage;
    this.#told = told;
  }

  get #given(): GivenOutputs | null {
    const given = this.#context.outputs();
    return given && given.index.checkpoints.length > 0 && this.#context.options().pictures !== "off"
      ? given
      : null;
  }

  /** The groups whose units are pictures where they have room. */
  groups(): Set<string> {
    return new Set(Object.keys(this.#given?.index.groups ?? {}));
  }

  /** Load what is wanted; then as high as units of at most one column need to be pictures, unless the reader has said how high. */
  height(asked: number, { groups }: Network): number {
    this.#update();
    const pictured = this.groups();
    if (pictured.size === 0 || this.#context.options().height !== USUAL_HEIGHT) return asked;
    const share = groups.some((group) => group.delayed_of !== null) ? 1 - PICTURED.laneShare : 1;
    const needed = groups
      .filter(({ id }) => pictured.has(id))
      .map(({ n_units }) => MARGIN.top + MARGIN.bottom + (n_units * PICTURED.wanted + BELOW) / share);
    return Math.max(asked, ...needed.filter((height) => height <= MOST_HEIGHT));
  }

  /** The outputs, or the wish to see them, may be others now. */
  #update(): void {
    const given = this.#given;
    if (given === this.#of) return;
    this.#of = given;
    this.close();
    if (!given) return;
    this.#context.draws(given, this.#stage).then(
      (pictures) => {
        if (this.#of !== given || this.#context.signal.aborted) return pictures.destroy();
        this.#pictures = pictures;
        this.#told();
      },
      (error) => console.error(error),
    );
  }

  place(layout: Layout, size: Size, k: number): void {
    this.#pictures?.place(layout, size, k);
  }

  draw(k: number): void {
    this.#pictures?.draw(k);
  }

  point(x: number, y: number): void {
    this.#pictures?.point(x, y);
  }

  words(): string | null {
    return this.#pictures?.words() ?? null;
  }

  noteOf(selection: Selection): string | null {
    return this.#pictures?.noteOf(selection) ?? null;
  }

  enlarged(selection: Selection): HTMLElement | null {
    return this.#pictures?.enlarged(selection) ?? null;
  }

  close(): void {
    this.#pictures?.destroy();
    this.#pictures = null;
  }
}
