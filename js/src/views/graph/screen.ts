// The canvas of the graph: shows the picture of the playhead's checkpoint as soon as it is made, and has the next made.
import { html } from "../../dom";
import type { Order, Plan, Tally } from "../../images/plan";
import { studioOfPage } from "../../images/studio";
import type { ViewContext } from "../context";
import { Painter } from "./painter";
import type { Zoom } from "./zoom";

export interface Size {
  width: number;
  height: number;
  ratio: number; // device pixels to a stage pixel
}

export function copyOf(canvas: HTMLCanvasElement): HTMLCanvasElement {
  const copy = canvas.cloneNode() as HTMLCanvasElement;
  copy.getContext("2d", { willReadFrequently: true })?.drawImage(canvas, 0, 0);
  return copy;
}

export class Screen {
  readonly #context: Pick<ViewContext, "clock" | "history">;
  readonly #turned: () => void;
  readonly canvas = html("canvas", { class: "nwv-canvas", "aria-hidden": "true" });
  shown = 0; // the checkpoint on the canvas
  readonly #brush = this.canvas.getContext("2d", { willReadFrequently: true })!;
  #painter: Painter | null = null;
  #told: Painter | null = null; // whose picture's counts are known
  #painted = -1; // the position on the canvas, between two checkpoints
  #isSeen = true;

  constructor(
    context: Pick<ViewContext, "clock" | "history">,
    turned: () => void, // another checkpoint is shown
  ) {
    this.#context = context;
    this.#turned = turned;
  }

  /** A canvas of another size is empty: what was there stays, stretched, until the new picture is here. */
  resize({ width, height, ratio }: Size): void {
    const { canvas } = this;
    const [w, h] = [width, height].map((length) => Math.max(1, Math.round(length * ratio)));
    if (canvas.width !== w || canvas.height !== h) {
      const old = copyOf(canvas);
      canvas.width = w;
      canvas.height = h;
      this.#brush.drawImage(old, 0, 0, w, h);
    }
    this.#brush.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Move the links that are shown along with a zoom, until the new ones are there. */
  stretch(from: Zoom, to: Zoom, { width, height }: Size): void {
    const ratio = to.k / from.k;
    this.#brush.globalCompositeOperation = "copy";
    const [x, y] = [to.x - from.x * ratio, to.y - from.y * ratio];
    this.#brush.drawImage(this.canvas, x, y, width * ratio, height * ratio);
    this.#brush.globalCompositeOperation = "source-over";
  }

  /** New images: the scene, the focus or the looks changed. What is there stays until they come. */
  change(plan: Plan, orderOf: (k: number) => Generator<void, Order>): void {
    this.#painter?.close();
    this.#painter = new Painter(plan, studioOfPage(), orderOf, () => this.drawFrame());
    this.#painted = -1;
    this.drawFrame();
  }

  drawFrame(): void {
    const { clock, history } = this.#context;
    const k = Math.min(clock.checkpoint, history.nCheckpoints - 1);
    if (!this.#painter || !history.isReady(k) || !history.hasValues) return; // what is there stays
    this.#painter.want([k]);
    if (!this.#painter.isDone(k)) return;
    const part = clock.position - k;
    const share = part > 0.001 && this.#painter.picture(k + 1) ? part : 0;
    if (this.#painted !== k + share) this.#painter.paint(this.#brush, k, share);
    this.#painted = k + share;
    if (this.shown !== k || this.canvas.dataset.picture !== String(k) || this.#told !== this.#painter) {
      this.shown = k;
      this.#told = this.#painter;
      this.canvas.dataset.picture = String(k);
      this.#turned();
    } else if (this.#isSeen) this.#painter.want(this.#ahead(k));
  }

  /** The checkpoints whose pictures are wanted next. */
  #ahead(k: number): number[] {
    const { clock, history } = this.#context;
    const n = history.nCheckpoints;
    const steps = clock.playing ? [1, 2, 3] : [1, -1];
    return steps.map((step) => (k + step + n) % n).filter((next) => history.isHere(next));
  }

  /** Whether the picture of a checkpoint is here; if not, it is ordered. Playing waits for it. */
  isDrawn(k: number): boolean {
    if (!this.#isSeen || !this.#painter || this.#painter.isDone(k)) return true;
    if (this.#context.history.isReady(k)) this.#painter.want([k, ...this.#ahead(k)]);
    return false;
  }

  /** What became of the links on the canvas; null while there is no picture. */
  get tally(): Tally | null {
    return this.#painter?.picture(this.shown)?.tally ?? null;
  }

  redraw(): void {
    this.#isSeen = true;
    this.#painted = -1;
    this.drawFrame();
  }

  rest(): void {
    this.#isSeen = false;
    this.#painter?.forget();
  }

  close(): void {
    this.#painter?.close();
  }
}
