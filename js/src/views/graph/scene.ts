// One arrangement of the stage: its links, where they run, and what makers of images and the pointer ask of them.
import { classifyLinks } from "../../images/classify";
import { isCrowded } from "../../images/crisp";
import {
  type Composite,
  maskOf,
  type Order,
  type Plan,
  type Strip,
  type Tally,
  type Ticks,
  type Tile,
} from "../../images/plan";
import { type Layout, type Place, ticksOnStage } from "../../layout";
import type { Bundle, Network } from "../../network";
import type { Options } from "../../options";
import { opacityExponent, type Palette, type Rgb } from "../../scale";
import type { Focus } from "./focus";
import { pictureTiles, ticksBelow } from "./gallery";
import type { Links } from "./links";
import type { Targets } from "./pick";
import { stripsOf } from "./strips";

const TICK_PX = 13;

export interface Looks {
  width: number;
  height: number;
  ratio: number;
  palette: Palette;
  paper: Rgb;
}

export class Scene {
  readonly layout: Layout;
  readonly links: Links;
  readonly #network: Network;
  readonly #options: Options;
  strips: Strip[];
  #classified: { k: number; buckets: Uint8Array; tally: Tally } | null = null;

  constructor(network: Network, layout: Layout, links: Links, options: Options) {
    this.layout = layout;
    this.links = links;
    this.#network = network;
    this.#options = options;
    this.strips = stripsOf(links, layout);
  }

  get isCrowded(): boolean {
    return isCrowded(this.strips);
  }

  /** How images are to look: with a focus, its links stay and the rest steps back. */
  plan(looks: Looks, focus: Focus | null): Plan {
    const { threshold, signs, composite } = this.#options;
    this.strips = stripsOf(this.links, this.layout, focus);
    this.#classified = null;
    return {
      ...looks,
      strips: this.strips,
      maxLineWidth: this.layout.maxLineWidth,
      exponent: opacityExponent(this.links.n),
      threshold,
      signs,
      composite: composite as Composite,
      focus: this.links.touched(focus),
    };
  }

  /** All numbers that the image of checkpoint k is made of; gives way between large steps. */
  *order(k: number, focus: Focus | null): Generator<void, Order> {
    const { links, layout } = this;
    const values = yield* links.prepare(k);
    const places = [...layout.places.values()];
    const tiles = places.flatMap((place) => place.tiles.map((tile) => this.#tile(place, tile, k)));
    tiles.push(...pictureTiles(layout, links, k, focus));
    return { k, values, ...links.scales(k), ticks: this.ticks(k), tiles };
  }

  /** All ticks at checkpoint k; those of one unit, as of a bias and of a norm, lie below each other. */
  ticks(k: number): Ticks[] {
    const all = ticksOnStage(this.layout);
    return all.flatMap((bundle): Ticks[] => {
      const place = this.layout.places.get(bundle.target)!;
      const values = this.links.isShown(bundle) ? this.#evaluate(bundle, k) : null;
      if (!values) return [];
      const scale = { domain: this.links.domain(bundle, k), signed: this.links.isSigned(bundle) };
      const about = { bundle: bundle.id, values, ...scale };
      const row = all.filter(({ target }) => target === bundle.target);
      const [i, n] = [row.indexOf(bundle), row.length];
      if (place.form === "portraits") return ticksBelow(place, i, n).map((ticks) => ({ ...ticks, ...about }));
      const thickness = Math.max(1 / n, Math.min(3, (place.spacing * (n > 1 ? 0.8 : 0.4)) / n));
      const x = new Float32Array(values.length).fill(place.x);
      const y = place.unitY.map((middle) => middle + (i - (n - 1) / 2) * thickness);
      return [{ x, y, length: TICK_PX, thickness, ...about }];
    });
  }

  #tile(place: Place, tile: Place["tiles"][number], k: number): Tile {
    const isKernel = (b: Bundle) => b.target === place.group.id && b.port === tile.port && b.role !== "bias";
    const bundles = this.#network.bundles.filter(isKernel);
    const kernels = bundles.map((bundle) => ({
      columns: bundle.shape[1],
      values:
        this.#evaluate(bundle, k) ?? new Float32Array(bundle.shape[0] * bundle.shape[1]).fill(Number.NaN),
      domain: this.links.domain(bundle, k),
    }));
    const { x, y, width, height } = tile;
    return {
      x,
      y,
      width,
      height,
      rows: place.group.n_units,
      kernels,
      signed: bundles.every((bundle) => this.links.isSigned(bundle)),
    };
  }

  #evaluate(bundle: Bundle, k: number): Float32Array | null {
    const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    return this.links.evaluate(bundle, k, values) ? values : null;
  }

  /** Every link's bucket at checkpoint k: what is drawn of it, 0 where nothing is. */
  classify(k: number): { buckets: Uint8Array; tally: Tally } {
    if (this.#classified?.k !== k) {
      const { threshold, signs } = this.#options;
      const looks = { strips: this.strips, threshold, signs };
      const values = { values: this.links.values(k), ...this.links.scales(k) };
      this.#classified = { k, ...classifyLinks(looks, values) };
    }
    return this.#classified;
  }

  /** What the pointer may hit at checkpoint k. */
  targets(k: number, focus: Focus | null): Targets {
    const { strips, links } = this;
    const mask = maskOf(strips, links.n, links.touched(focus));
    return { strips, buckets: this.classify(k).buckets, mask, ticks: this.ticks(k) };
  }
}
