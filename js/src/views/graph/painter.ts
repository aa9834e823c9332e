// The images of the checkpoints of one scene: ordered ahead of the playhead, kept within bounds, mixed per frame.
import type { Drawable, Order, Picture, Plan } from "../../images/plan";
import type { Studio } from "../../images/studio";
import { halfSum, paintSums, sumColours } from "../../images/tones";

const CACHE_BYTES = 96e6;
const MOST_ORDERED = 3;

/** Prepares the order of a checkpoint, giving way between large steps. */
type OrderOf = (k: number) => Generator<void, Order>;

export class Painter {
  readonly #look: Plan;
  readonly #studio: Studio;
  readonly #orderOf: OrderOf;
  readonly #arrived: () => void;
  readonly #plan: number;
  readonly #pictures = new Map<number, Picture | null>(); // null where none could be made
  readonly #ordered = new Set<number>();
  readonly #limit: number;
  #sums: SumSheet | null = null;
  #isClosed = false;

  constructor(look: Plan, studio: Studio, orderOf: OrderOf, arrived: () => void) {
    this.#look = look;
    this.#studio = studio;
    this.#orderOf = orderOf;
    this.#arrived = arrived;
    this.#plan = studio.open(look);
    const bytes = look.width * look.height * (4 * look.ratio ** 2 + (look.composite === "sum" ? 2 : 0));
    this.#limit = Math.max(4, Math.floor(CACHE_BYTES / Math.max(1, bytes)));
  }

  /** The picture of checkpoint k; undefined until it is here. */
  picture(k: number): Picture | undefined {
    return this.#pictures.get(k) ?? undefined;
  }

  isDone(k: number): boolean {
    return this.#pictures.has(k);
  }

  /** Order the picture of the first of these checkpoints that is neither here nor on its way: one a frame is enough. */
  want(checkpoints: number[]): void {
    this.#studio.frame();
    for (const k of checkpoints.slice(0, this.#limit - 1)) {
      if (this.#isClosed || this.#ordered.size >= MOST_ORDERED) return;
      if (this.#pictures.has(k) || this.#ordered.has(k)) continue;
      this.#ordered.add(k);
      this.#prepare(k, this.#orderOf(k));
      return;
    }
  }

  /** A step a frame, so that none is late; the first picture of all is waited for, and prepared at once. */
  #prepare(k: number, steps: Generator<void, Order>): void {
    if (this.#isClosed) return;
    const step = steps.next();
    if (step.done) this.#studio.make(this.#plan, step.value, (picture) => this.#take(k, picture));
    else if (this.#pictures.size > 0) requestAnimationFrame(() => this.#prepare(k, steps));
    else this.#prepare(k, steps);
  }

  #take(k: number, picture: Picture | null): void {
    this.#ordered.delete(k);
    this.#pictures.set(k, picture);
    while (this.#pictures.size > this.#limit) this.#discard(this.#pictures.keys().next().value!);
    this.#arrived();
  }

  #discard(k: number): void {
    const image = this.#pictures.get(k)?.image;
    if (image && "close" in image) image.close();
    this.#pictures.delete(k);
  }

  /** Paint the picture of k, mixed with the one of k + 1 at `share` of the way if that is here. */
  paint(brush: CanvasRenderingContext2D, k: number, share: number): void {
    const now = this.#pictures.get(k);
    if (!now) return;
    this.#pictures.delete(k); // used last, so discarded last
    this.#pictures.set(k, now);
    const next = share > 0 ? this.#pictures.get(k + 1) : null;
    const { width, height } = this.#look;
    this.#mix(brush, now.image, next?.image ?? null, share);
    if (!now.sums) return;
    this.#sums ??= new SumSheet(this.#look);
    brush.globalCompositeOperation = "destination-over"; // crisp lines stay above
    brush.drawImage(this.#sums.paint(now.sums, next?.sums ?? null, share), 0, 0, width, height);
    brush.globalCompositeOperation = "source-over";
  }

  #mix(brush: CanvasRenderingContext2D, now: Drawable, next: Drawable | null, share: number): void {
    const { width, height } = this.#look;
    brush.globalCompositeOperation = "copy";
    brush.globalAlpha = next ? 1 - share : 1;
    brush.drawImage(now, 0, 0, width, height);
    if (next) {
      brush.globalCompositeOperation = "lighter"; // premultiplied, so this is an exact linear mixture
      brush.globalAlpha = share;
      brush.drawImage(next, 0, 0, width, height);
    }
    brush.globalCompositeOperation = "source-over";
    brush.globalAlpha = 1;
  }

  /** Give the images back; they are made again when they are wanted. */
  forget(): void {
    for (const k of [...this.#pictures.keys()]) this.#discard(k);
  }

  close(): void {
    this.#isClosed = true;
    this.#studio.close(this.#plan);
    this.forget();
  }
}

/** The mixture of two signed sums in its colours: mixed as numbers, so that it is the sum of the mixed weights. */
class SumSheet {
  readonly #canvas = document.createElement("canvas");
  readonly #brush: CanvasRenderingContext2D;
  readonly #pixels: ImageData;
  readonly #table: Uint32Array;

  constructor({ width, height, palette, strips }: Plan) {
    this.#canvas.width = Math.round(width);
    this.#canvas.height = Math.round(height);
    this.#brush = this.#canvas.getContext("2d", { willReadFrequently: true })!;
    this.#pixels = this.#brush.createImageData(this.#canvas.width, this.#canvas.height);
    this.#table = sumColours(palette, halfSum(strips, height));
  }

  paint(now: Int16Array, next: Int16Array | null, share: number): HTMLCanvasElement {
    paintSums(now, next, share, this.#table, new Uint32Array(this.#pixels.data.buffer));
    this.#brush.putImageData(this.#pixels, 0, 0);
    return this.#canvas;
  }
}
