// The distribution view: how weights are spread, at the playhead and over time.
import { hear, html } from "../dom";
import type { View, ViewContext } from "../views/context";
import { Curves } from "./distribution/curves";
import { Density } from "./distribution/density";
import css from "./distribution/distribution.css";
import { Histogram } from "./distribution/histogram";
import { Readout, writeKeys } from "./distribution/keys";
import { Multiples } from "./distribution/multiples";
import { pickedOf } from "./distribution/picked";
import { FIRST_ANGLES } from "./distribution/projection";
import { Ridgeline } from "./distribution/ridgeline";
import type { Drawing, Scene } from "./distribution/scene";
import { Spread } from "./distribution/spread";
import { Surface } from "./distribution/surface";
import { fillTools } from "./distribution/tools";
import { captionOf, summaryOf } from "./distribution/words";
import { Figure } from "./figure";

const ARROWS: Record<string, [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const TURNED_BY_KEY = 12; // pixels
const LEAST_DRAG = 3;
const ASK_AFTER_MS = 60;

class Distribution implements View {
  readonly #context: ViewContext;
  readonly #figure: Figure;
  readonly #spread: Spread;
  readonly #refreshTools: () => void;
  readonly #readout: Readout;
  readonly #angles = { ...FIRST_ANGLES };
  #scene!: Scene & { angles: typeof FIRST_ANGLES };
  #drawing: Drawing | null = null;
  #drag: { x: number; y: number; isTurned: boolean } | null = null;
  #asking: ReturnType<typeof setTimeout> | null = null;

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    this.#figure = new Figure(host, context, "distribution of weights");
    this.#figure.stage.classList.add("nwv-spread");
    host.append(html("style", {}, css));
    this.#spread = new Spread(context.network, context.histories);
    this.#refreshTools = fillTools(context);
    this.#readout = new Readout(this.#figure);
    hear(this.#figure.stage, {
      pointermove: (event) => this.#point(event),
      pointerleave: () => this.#readout.hide(),
      pointerdown: (event) => this.#press(event),
      pointerup: (event) => this.#release(event),
      pointercancel: () => {
        this.#drag = null;
      },
      keydown: (event) => this.#key(event),
      blur: () => this.#readout.hide(),
    });
  }

  update(): void {
    this.#refreshTools();
    this.#figure.measure();
    const [context, figure, spread] = [this.#context, this.#figure, this.#spread];
    const options = context.options();
    spread.update(options, pickedOf(context.network, context.selection())?.parameter ?? null);
    const run = Math.max(
      0,
      context.histories.findIndex(({ name }) => name === options.run),
    );
    const [k, isDark, angles] = [context.clock.checkpoint, context.isDark(), this.#angles];
    this.#scene = { context, figure, spread, options, run, k, isDark, angles };
    this.#draw();
    this.#askSoon();
  }

  #draw(): void {
    const { svg, keys } = this.#figure;
    svg.replaceChildren();
    this.#drawing = null;
    this.#figure.brush();
    const { spread, options, context } = this.#scene;
    if (spread.parts.length === 0 || context.history.nCheckpoints === 0) {
      const named = options.of?.join(", ");
      const why = named ? `Nothing is named ${named}.` : "There are no weights.";
      keys.replaceChildren(spread.parts.length === 0 ? why : "No checkpoints yet.");
      delete keys.dataset.told;
    } else {
      this.#drawing = drawingOf(this.#scene);
      this.#drawing.draw();
      writeKeys(keys, this.#drawing.keys());
      const { cell } = this.#readout;
      if (cell) this.#readout.hide();
    }
    this.#context.changed();
  }

  /** The kernel is asked when all is drawn: what else the playhead needs comes first. */
  #askSoon(): void {
    if (this.#asking !== null) clearTimeout(this.#asking);
    this.#asking = setTimeout(() => this.#spread.ask(this.#context.clock.checkpoint), ASK_AFTER_MS);
  }

  drawFrame(): void {
    if (!this.#drawing || this.#scene.k === this.#context.clock.checkpoint) return;
    this.#scene.k = this.#context.clock.checkpoint;
    this.#drawing.move();
    writeKeys(this.#figure.keys, this.#drawing.keys());
    const { cell } = this.#readout;
    if (cell) this.#readout.show(this.#drawing, cell);
    if (!this.#context.clock.playing) this.#askSoon();
    this.#context.changed();
  }

  #placeOf(event: PointerEvent): [number, number] {
    const { left, top } = this.#figure.stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  #point(event: PointerEvent): void {
    const drawing = this.#drawing;
    if (!drawing) return;
    const [x, y] = this.#placeOf(event);
    if (this.#drag && drawing.turn) {
      const [dx, dy] = [x - this.#drag.x, y - this.#drag.y];
      if (!this.#drag.isTurned && Math.hypot(dx, dy) < LEAST_DRAG) return;
      this.#drag = { x, y, isTurned: true };
      this.#readout.hide();
      drawing.turn(dx, dy);
      return;
    }
    const cell = drawing.cellAt(x, y);
    if (cell) this.#readout.show(drawing, cell);
    else this.#readout.hide();
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    const [x, y] = this.#placeOf(event);
    this.#drag = { x, y, isTurned: false };
    if (this.#drawing?.turn) this.#figure.stage.setPointerCapture(event.pointerId);
  }

  #release(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = null;
    const cell = drag && !drag.isTurned && this.#drawing?.cellAt(...this.#placeOf(event));
    if (cell) this.#drawing!.press(cell);
  }

  /** Arrows go from cell to cell, or turn (then with Shift they go); Enter presses. */
  #key(event: KeyboardEvent): void {
    const drawing = this.#drawing;
    const by = ARROWS[event.key];
    const { cell } = this.#readout;
    if (!drawing || (!by && !(event.key === "Enter" && cell))) return;
    event.preventDefault();
    if (!by) drawing.press(cell!);
    else if (drawing.turn && !event.shiftKey) {
      this.#readout.hide();
      drawing.turn(by[0] * TURNED_BY_KEY, by[1] * TURNED_BY_KEY);
    } else this.#readout.show(drawing, drawing.next(cell, ...by));
  }

  isDrawn(): boolean {
    return true;
  }

  resize(): void {
    if (this.#figure.measure()) this.update();
  }

  redraw(): void {
    if (this.#drawing) this.#draw();
  }

  rest(): void {}

  destroy(): void {
    if (this.#asking !== null) clearTimeout(this.#asking);
  }

  caption(): string {
    return this.#drawing ? captionOf(this.#scene, this.#drawing.words()) : "";
  }

  summary(): string {
    const text = this.#drawing ? summaryOf(this.#scene) : "";
    this.#figure.stage.setAttribute("aria-label", text);
    return text;
  }
}

function drawingOf(scene: Scene & { angles: typeof FIRST_ANGLES }): Drawing {
  switch (scene.options.distribution) {
    case "multiples":
      return new Multiples(scene);
    case "ridgeline":
      return new Ridgeline(scene);
    case "density":
      return new Density(scene);
    case "surface":
      return new Surface(scene);
    case "moments":
      return new Curves(scene);
    default:
      return new Histogram(scene);
  }
}

export const createDistribution = (host: HTMLElement, context: ViewContext): View =>
  new Distribution(host, context);
