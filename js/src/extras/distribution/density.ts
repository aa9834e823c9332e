// A map of counts over time: checkpoints from left to right, values from bottom to top, the more weights the darker.

import { html } from "../../dom";
import { along, nearest, type TimeAxis, timeAxis, timeTicks } from "../../panel/axis";
import { formatCount, PALETTES, type Rgb, shade } from "../../scale";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import { pixelOf } from "../pixels";
import {
  binAt,
  type Cell,
  cellWords,
  type Drawing,
  headIn,
  inksOf,
  type Key,
  moveHeads,
  panelAt,
  panelsOf,
  type Scene,
  seriesOf,
  titleOf,
  unitOf,
  valueScale,
  within,
} from "./scene";
import type { Series } from "./series";

const N_SHADES = 255;

/** How dark a count is, from 0 to 1. */
export const darkness = (count: number, most: number, counts: "linear" | "log"): number =>
  counts === "log" ? Math.log1p(count) / Math.log1p(most) : count / most;

export class Density implements Drawing {
  readonly #scene: Scene;
  readonly #time: TimeAxis;
  readonly #panels: { box: Box; x: Scale; y: Scale }[];
  readonly #heads: SVGLineElement[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    const { context, figure, spread, options } = scene;
    this.#time = timeAxis(context.history, [], options.x);
    const margins = { left: 58, right: 14, top: 22, bottom: 38 };
    this.#panels = panelsOf(spread.parts.length, figure.size, margins, 2.4).map((box) => ({
      box,
      x: scaleOf([...this.#time.full], [box.left, box.right]),
      y: valueScale(scene, [box.bottom, box.top]),
    }));
  }

  draw(): void {
    const { figure, options } = this.#scene;
    const brush = figure.brush();
    const { ratio } = figure.size;
    const isOne = this.#panels.length === 1;
    this.#panels.forEach(({ box, x, y }, i) => {
      const series = seriesOf(this.#scene)[i];
      const image = this.#image(series, box, ratio, options.counts);
      brush.imageSmoothingEnabled = false;
      brush.drawImage(image, box.left, box.top, box.right - box.left, box.bottom - box.top);
      const most = Math.floor((box.right - box.left) / 64);
      const ticks = timeTicks(this.#time, this.#time.full, Math.max(2, Math.min(10, most)));
      const times = ticks.map(({ x: value, text }) => ({ value, text }));
      const room = Math.min(7, Math.floor((box.bottom - box.top) / 24));
      const group = drawAxes(
        box,
        { scale: x, title: this.#time.unit, ticks: times },
        { scale: y, title: isOne ? unitOf(this.#scene) : "", most: room },
      );
      const title = `${series.part.name} · at most ${formatCount(series.most)}`;
      const head = headIn(box);
      this.#heads.push(head);
      group.append(titleOf(box, title), head);
      figure.svg.append(group);
    });
    this.move();
  }

  /** A pixel is its nearest checkpoint's; what was not recorded is hatched, what is not here is left out. */
  #image(series: Series, box: Box, ratio: number, counts: "linear" | "log"): HTMLCanvasElement {
    const [width, height] = [box.right - box.left, box.bottom - box.top].map((side) =>
      Math.max(1, Math.round(side * ratio)),
    );
    const canvas = html("canvas", { width, height });
    const brush = canvas.getContext("2d", { willReadFrequently: true })!;
    const image = brush.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const shades = this.#shades();
    const { muted } = inksOf(this.#scene.isDark);
    const { bins } = this.#scene.spread;
    const rows = Int32Array.from({ length: height }, (_, y) =>
      Math.floor(((height - 0.5 - y) / height) * bins.n),
    );
    const most = series.most || 1;
    const levels = new Uint32Array(bins.n);
    const [from, to] = scaleOf([...this.#time.full], [0, width]).domain;
    for (let x = 0, last = -1; x < width; x++) {
      const k = nearest(this.#time, from + ((x + 0.5) / width) * (to - from));
      const found = series.at(k);
      if (found && k !== last)
        for (let bin = 0; bin < bins.n; bin++)
          levels[bin] = shades[Math.round(darkness(found[bin], most, counts) * N_SHADES)];
      last = k;
      if (!found && !series.isGap(k)) continue;
      for (let y = 0; y < height; y++)
        if (found) pixels[y * width + x] = levels[rows[y]];
        else if ((x + y) % 8 < 2) pixels[y * width + x] = pixelOf(muted);
    }
    brush.putImageData(image, 0, 0);
    return canvas;
  }

  #shades(): Uint32Array {
    return Uint32Array.from({ length: N_SHADES + 1 }, (_, i) => pixelOf(this.#shade(i / N_SHADES)));
  }

  #shade(share: number): Rgb {
    const { isDark } = this.#scene;
    return shade(PALETTES[isDark ? "dark" : "light"], share, false, inksOf(isDark).paper);
  }

  move(): void {
    moveHeads(this.#heads, this.#panels, along(this.#time, this.#scene.k));
  }

  cellAt(px: number, py: number): Cell | null {
    const panel = panelAt(this.#panels, px, py);
    if (panel < 0) return null;
    const { x, y } = this.#panels[panel];
    return { panel, k: nearest(this.#time, x.at(px)), bin: binAt(this.#scene, y, py) };
  }

  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { spread, k, context } = this.#scene;
    const { n } = spread.bins;
    if (!cell) return { panel: 0, k, bin: n >> 1 };
    const panel = cell.panel + (cell.bin - dy >= n ? -1 : cell.bin - dy < 0 ? 1 : 0);
    const isOther = panel !== cell.panel && panel >= 0 && panel < this.#panels.length;
    return {
      panel: isOther ? panel : cell.panel,
      k: within(cell.k + dx, context.history.nCheckpoints),
      bin: isOther ? (dy > 0 ? n - 1 : 0) : within(cell.bin - dy, n),
    };
  }

  boxOf({ panel, k, bin }: Cell): Box {
    const { box, x, y } = this.#panels[panel];
    const { edges } = this.#scene.spread.bins;
    const { at } = this.#time;
    const [before, after] = [at[k - 1] ?? at[k], at[k + 1] ?? at[k]];
    const sides = at.length === 1 ? [box.left, box.right] : [x((at[k] + before) / 2), x((at[k] + after) / 2)];
    return {
      left: sides[0],
      right: Math.max(sides[0] + 1, sides[1]),
      top: y(edges[bin + 1]),
      bottom: y(edges[bin]),
    };
  }

  told(cell: Cell): string[] {
    return cellWords(this.#scene, cell);
  }

  press({ k }: Cell): void {
    this.#scene.context.clock.seek(k);
  }

  keys(): Key[] {
    const { counts } = this.#scene.options;
    const how = counts === "log" ? "by the logarithm of 1 + count" : "by count";
    const colours = Array.from({ length: 9 }, (_, i) => this.#shade(i / 8));
    return [{ look: "ramp", colours, text: `0 to the panel's most, ${how}` }];
  }

  words(): string[] {
    const { left, right } = this.#panels[0].box;
    const n = this.#scene.context.history.nCheckpoints;
    const isDense = n > right - left;
    return [isDense ? `${formatCount(n)} checkpoints on fewer pixels: each shows the nearest` : ""];
  }
}
