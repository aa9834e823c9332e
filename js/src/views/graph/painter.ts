// Images of all links, one a checkpoint, kept in a bounded cache and mixed per frame. Canvas 2D on the CPU.
import { isBiasTick, type Layout, type Place, sourcePoint, targetPoint } from "../../layout";
import type { Bundle, Network } from "../../network";
import {
  type LineStyle,
  lineStyles,
  N_BUCKETS,
  N_LEVELS,
  opacityExponent,
  type Palette,
  type Rgb,
  rgba,
  shade,
} from "../../scale";
import { strongLinks } from "./crowd";
import type { Links } from "./links";

const CACHE_BYTES = 96e6;
const SLICE_MS = 5;
const DIMMED = 0.1;
const TURN_LINKS = 128; // of one sign, before the other has its turn

export interface Scene {
  network: Network;
  layout: Layout;
  links: Links;
  mask: Uint8Array | null;
  palette: Palette;
  paper: Rgb;
  width: number;
  height: number;
  ratio: number;
}

interface Job {
  k: number;
  canvas: HTMLCanvasElement;
  context: CanvasRenderingContext2D;
  order: Uint32Array; // links, weakest first; dimmed ones before all others
  bounds: Uint32Array; // first place in `order` of each bucket, dimmed then focused
  next: number; // the level to draw next
  turn: number; // and from which of its links on
}

function makeCanvas(
  width: number,
  height: number,
  ratio: number,
): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  // A canvas that Chromium thinks is accelerated is fifty times slower on machines without a GPU.
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [canvas, context];
}

/** End points of all links, (n, 4): x and y at the source, x and y at the target. */
export function linkEnds(links: Links, layout: Layout): Float32Array {
  const ends = new Float32Array(links.n * 4);
  let at = 0;
  for (const bundle of links.bundles) {
    const source = layout.places.get(bundle.source)!;
    const target = layout.places.get(bundle.target)!;
    const from = Array.from({ length: bundle.shape[1] }, (_, i) => sourcePoint(source, i));
    for (let j = 0; j < bundle.shape[0]; j++) {
      const [x, y] = targetPoint(target, j, bundle.port);
      for (let i = 0; i < from.length; i++, at += 4) {
        ends[at] = from[i][0];
        ends[at + 1] = from[i][1];
        ends[at + 2] = x;
        ends[at + 3] = y;
      }
    }
  }
  return ends;
}

export class Painter {
  readonly ends: Float32Array;
  private readonly styles: LineStyle[];
  private readonly images = new Map<number, HTMLCanvasElement>();
  private job: Job | null = null;
  private readonly limit: number;

  constructor(private readonly scene: Scene) {
    this.ends = linkEnds(scene.links, scene.layout);
    this.styles = lineStyles(scene.palette, scene.layout.maxLineWidth, opacityExponent(scene.links.n));
    const bytes = scene.width * scene.height * scene.ratio ** 2 * 4;
    this.limit = Math.max(3, Math.floor(CACHE_BYTES / Math.max(1, bytes)));
  }

  /** Paint checkpoint k, or the mixture of k and k + 1 at `share` of the way. */
  paint(context: CanvasRenderingContext2D, k: number, share: number): void {
    const { width, height } = this.scene;
    const now = this.image(k);
    const next = share > 0 ? this.image(k + 1) : null;
    context.globalCompositeOperation = "copy";
    context.globalAlpha = next ? 1 - share : 1;
    context.drawImage(now, 0, 0, width, height);
    if (next) {
      context.globalCompositeOperation = "lighter"; // premultiplied, so this is an exact linear mixture
      context.globalAlpha = share;
      context.drawImage(next, 0, 0, width, height);
    }
    context.globalCompositeOperation = "source-over";
    context.globalAlpha = 1;
  }

  /** Spend a few milliseconds on the image of a checkpoint that is needed soon; true when it is done. */
  prepare(k: number): boolean {
    if (this.images.has(k)) return true;
    if (this.job?.k !== k) this.job = this.begin(k);
    const until = performance.now() + SLICE_MS;
    while (this.job.next < 2 * N_LEVELS && performance.now() < until) {
      this.drawTurn(this.job);
      // Strokes are only noted until someone looks: reading a pixel has them drawn now, within the slice.
      this.job.context.getImageData(0, 0, 1, 1);
    }
    if (this.job.next < 2 * N_LEVELS) return false;
    this.finish(this.job);
    return true;
  }

  /** Give the images back; they are made again when they are needed. */
  forget(): void {
    this.images.clear();
    this.job = null;
  }

  private image(k: number): HTMLCanvasElement {
    const known = this.images.get(k);
    if (known) return known;
    const job = this.job?.k === k ? this.job : this.begin(k);
    while (job.next < 2 * N_LEVELS) this.drawTurn(job);
    return this.finish(job);
  }

  private begin(k: number): Job {
    const { links, mask, width, height, ratio } = this.scene;
    const [canvas, context] = makeCanvas(width, height, ratio);
    context.lineCap = "butt";
    const { buckets } = links.buckets(k);
    const bounds = new Uint32Array(2 * N_BUCKETS + 1);
    const stays = mask ?? strongLinks(links, buckets, k)?.strong;
    const key = (i: number) => buckets[i] + (stays && !stays[i] ? 0 : N_BUCKETS);
    for (let i = 0; i < buckets.length; i++) bounds[key(i) + 1]++;
    for (let b = 0; b < 2 * N_BUCKETS; b++) bounds[b + 1] += bounds[b];
    const at = bounds.slice();
    const order = new Uint32Array(buckets.length);
    for (let i = 0; i < buckets.length; i++) order[at[key(i)]++] = i;
    return { k, canvas, context, order, bounds, next: 0, turn: 0 };
  }

  /** Some links of one level of strength: its signs by turns, so that neither covers the other. */
  private drawTurn(job: Job): void {
    const first = (job.next < N_LEVELS ? 0 : N_BUCKETS) + (job.next % N_LEVELS) * 4;
    job.context.globalAlpha = job.next < N_LEVELS ? DIMMED : 1;
    for (let kind = 1; kind <= 4; kind++) this.drawSome(job, first + kind, job.turn);
    job.turn += TURN_LINKS;
    const longest = Math.max(
      ...[1, 2, 3, 4].map((kind) => job.bounds[first + kind + 1] - job.bounds[first + kind]),
    );
    if (job.turn < longest) return;
    job.next++;
    job.turn = 0;
  }

  private drawSome({ context, order, bounds }: Job, bucket: number, turn: number): void {
    const from = bounds[bucket] + turn;
    const to = Math.min(from + TURN_LINKS, bounds[bucket + 1]);
    if (from >= to) return;
    const style = this.styles[bucket % N_BUCKETS];
    context.strokeStyle = style.stroke;
    context.lineWidth = style.width;
    context.setLineDash(style.dash);
    context.beginPath();
    for (let p = from; p < to; p++) {
      const e = order[p] * 4;
      context.moveTo(this.ends[e], this.ends[e + 1]);
      context.lineTo(this.ends[e + 2], this.ends[e + 3]);
    }
    context.stroke();
  }

  private finish(job: Job): HTMLCanvasElement {
    job.context.globalAlpha = 1;
    job.context.setLineDash([]);
    this.drawTicks(job.context, job.k);
    this.drawTiles(job.context, job.k);
    if (this.images.size >= this.limit) this.images.delete(this.images.keys().next().value!);
    this.images.set(job.k, job.canvas);
    if (this.job === job) this.job = null;
    return job.canvas;
  }

  /** Signed ticks of the biases of large groups: to the right for positive, to the left for negative. */
  private drawTicks(context: CanvasRenderingContext2D, k: number): void {
    const { network, layout, links, palette } = this.scene;
    for (const bundle of network.bundles) {
      const place = layout.places.get(bundle.target);
      if (!place || !isBiasTick(network, bundle) || !links.isShown(bundle)) continue;
      if (place.form === "bands" && bundle.port !== place.port) continue;
      const values = new Float32Array(bundle.shape[0]);
      if (!links.evaluate(bundle, k, values)) continue;
      const domain = links.domain(bundle, k);
      const thickness = Math.max(1, Math.min(3, place.spacing * 0.4));
      values.forEach((value, j) => {
        const length = Number.isFinite(value) ? 13 * Math.max(-1, Math.min(1, value / (domain || 1))) : 13;
        context.fillStyle = rgba(
          Number.isFinite(value) ? (value < 0 ? palette.negative : palette.positive) : palette.odd,
          0.95,
        );
        context.fillRect(place.x, place.unitY[j] - thickness / 2, length, thickness);
      });
    }
  }

  private drawTiles(context: CanvasRenderingContext2D, k: number): void {
    for (const place of this.scene.layout.places.values())
      for (const tile of place.tiles) {
        const image = this.tileImage(place, tile, k);
        if (image) context.drawImage(image, tile.x, tile.y, tile.width, tile.height);
      }
  }

  /** A gate's input and recurrent kernels side by side; where several entries share a pixel, the strongest shows. */
  private tileImage(place: Place, tile: Place["tiles"][number], k: number): HTMLCanvasElement | null {
    const { network, links, palette, paper, ratio } = this.scene;
    const isKernel = (b: Bundle) => b.target === place.group.id && b.port === tile.port && b.role !== "bias";
    const bundles = network.bundles.filter(isKernel);
    const nColumns = bundles.reduce((n, b) => n + b.shape[1], 0);
    const w = Math.min(nColumns, Math.round(tile.width * ratio));
    const h = Math.min(place.group.n_units, Math.round(tile.height * ratio));
    if (!w || !h) return null;
    const shares = new Float32Array(w * h);
    let column = 0;
    for (const bundle of bundles) {
      const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
      links.evaluate(bundle, k, values);
      const domain = links.domain(bundle, k) || 1;
      values.forEach((value, i) => {
        const x = Math.floor(((column + (i % bundle.shape[1])) * w) / nColumns);
        const p = Math.floor((Math.floor(i / bundle.shape[1]) * h) / bundle.shape[0]) * w + x;
        if (!(Math.abs(value / domain) <= Math.abs(shares[p]))) shares[p] = value / domain;
      });
      column += bundle.shape[1];
    }
    const [canvas, context] = makeCanvas(w, h, 1);
    const image = context.createImageData(w, h);
    shares.forEach((share, p) => {
      image.data.set([...shade(palette, share, true, paper), 255], p * 4);
    });
    context.putImageData(image, 0, 0);
    return canvas;
  }
}
