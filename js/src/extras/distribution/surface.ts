// Counts over value and time as a surface that can be turned: painted from far to near, so that what is near hides.

import { html } from "../../dom";
import { type TimeAxis, timeAxis, timeTicks } from "../../panel/axis";
import { formatCount, formatValue, mixRgb, rgba } from "../../scale";
import { ticks } from "../../ticks";
import type { Box } from "../axes";
import { evenly, placeOf } from "./chosen";
import { type Axis, CORNERS, drawFrame, nearSides } from "./frame";
import { type Angles, type Point, Projection, turned } from "./projection";
import {
  type Cell,
  cellWords,
  countScale,
  countTicks,
  type Drawing,
  heightOf,
  hueOfPart,
  inksOf,
  type Key,
  panelsOf,
  type Scene,
  seriesOf,
  titleOf,
  unitOf,
  within,
} from "./scene";

const MOST_SLICES = 120;
const MOST_QUADS = 9000; // of all panels: what is drawn within a frame
const N_SHADES = 24;
const MOST_LAYERS = 6; // each costs as much as its pixels, whatever it shows
const REACH = 14; // pixels from the pointer to what it means

interface Panel {
  box: Box;
  projection: Projection;
  /** (n_slices, n_bins + 2), pixels; the first and the last of a slice lie on the ground. */
  points: Point[][];
  heights: (Float64Array | null)[];
}

export class Surface implements Drawing {
  readonly #scene: Scene & { angles: Angles };
  readonly #time: TimeAxis;
  readonly #slices: number[];
  #panels: Panel[] = [];
  readonly #layers = new Map<number, HTMLCanvasElement>(); // slices without the playhead, by the first of them

  constructor(scene: Scene & { angles: Angles }) {
    this.#scene = scene;
    const { context, spread, options } = scene;
    const n = context.history.nCheckpoints;
    const most = Math.floor(MOST_QUADS / (spread.bins.n * spread.parts.length));
    this.#slices = evenly(n, Math.max(8, Math.min(MOST_SLICES, most)));
    this.#time = timeAxis(context.history, [], options.x);
  }

  /** From 1, the oldest, at the back to -1. */
  #depth(at: number): number {
    const [from, to] = this.#time.full;
    return 1 - (2 * (at - from)) / (to - from);
  }

  #panel(box: Box, part: number): Panel {
    const { spread, options, angles } = this.#scene;
    const { bins } = spread;
    const series = seriesOf(this.#scene)[part];
    const projection = new Projection(angles, box);
    const scale = countScale(series.most, [0, 1], options.counts);
    const heights = this.#slices.map((k) => {
      const counts = series.at(k);
      return counts && Float64Array.from([0, ...Array.from(counts, (c) => heightOf(scale, c)), 0]);
    });
    const xs = [-1, ...Array.from({ length: bins.n }, (_, i) => ((i + 0.5) / bins.n) * 2 - 1), 1];
    const points = this.#slices.map((k, i) => {
      const y = this.#depth(this.#time.at[k]);
      return xs.map((x, j) => projection.at(x, y, heights[i]?.[j] ?? 0));
    });
    return { box, projection, points, heights };
  }

  draw(): void {
    this.#build();
    this.move();
  }

  #build(): void {
    this.#layers.clear();
    const { figure, spread } = this.#scene;
    const margins = { left: 56, right: 46, top: 26, bottom: 46 };
    const boxes = panelsOf(spread.parts.length, figure.size, margins, 1.5);
    this.#panels = boxes.map((box, i) => this.#panel(box, i));
    const groups = this.#panels.map(({ box, projection }, i) => {
      const group = drawFrame(projection, this.#axes(i));
      group.append(titleOf(box, spread.parts[i].name));
      return group;
    });
    figure.svg.replaceChildren(...groups);
  }

  #axes(part: number): { x: Axis; y: Axis; z: Axis } {
    const { spread, options } = this.#scene;
    const { edges, n } = spread.bins;
    const [low, high] = [edges[0], edges[n]];
    const values = ticks(low, high, 6).map((value) => ({
      at: (2 * (value - low)) / (high - low) - 1,
      text: formatValue(value),
    }));
    const times = timeTicks(this.#time, this.#time.full, 6);
    const scale = countScale(seriesOf(this.#scene)[part].most, [0, 1], options.counts);
    const counts = countTicks(scale, 4);
    return {
      x: { title: unitOf(this.#scene), ticks: values },
      y: { title: this.#time.unit, ticks: times.map(({ x, text }) => ({ at: this.#depth(x), text })) },
      z: { title: "count", ticks: counts.map(({ value, text }) => ({ at: scale(value), text })) },
    };
  }

  /** The playhead's line is hidden by what is before it: some slices about it are painted anew, the others lie in layers. */
  move(): void {
    const brush = this.#begin();
    const { width, height } = this.#scene.figure.size;
    const nEach = this.#nEach;
    const now = this.#steps.indexOf(placeOf(this.#slices, this.#scene.k));
    for (let first = 0; first < this.#slices.length; first += nEach) {
      const isAnew = now >= first && now < first + nEach;
      if (isAnew) this.#paint(brush, first, nEach, this.#steps[now]);
      else brush.drawImage(this.#layer(first), 0, 0, width, height);
    }
  }

  /** What is behind the slices. */
  #begin(): CanvasRenderingContext2D {
    const brush = this.#scene.figure.brush();
    brush.lineJoin = "round";
    for (const [i, panel] of this.#panels.entries()) this.#paintRoom(brush, panel, i);
    return brush;
  }

  /** Slices of a layer. */
  get #nEach(): number {
    return Math.max(6, Math.ceil(this.#slices.length / MOST_LAYERS));
  }

  /** Slices from far to near. */
  get #steps(): number[] {
    const order = this.#slices.map((_, i) => i);
    return this.#panels[0]?.projection.isFarther[1] ? order : order.reverse();
  }

  #layer(first: number): HTMLCanvasElement {
    const known = this.#layers.get(first);
    if (known) return known;
    const { width, height, ratio } = this.#scene.figure.size;
    const canvas = html("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    const brush = canvas.getContext("2d", { willReadFrequently: true })!;
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.lineJoin = "round";
    this.#paint(brush, first, this.#nEach, -1);
    this.#layers.set(first, canvas);
    return canvas;
  }

  /** The ground, and lines at the walls behind for the ticks of counts. */
  #paintRoom(brush: CanvasRenderingContext2D, { projection }: Panel, part: number): void {
    const { muted } = inksOf(this.#scene.isDark);
    const [nearX, nearY] = nearSides(projection);
    brush.fillStyle = rgba(muted, 0.14);
    brush.strokeStyle = rgba(muted, 0.5);
    brush.lineWidth = 0.7;
    polygon(
      brush,
      CORNERS.map(([x, y]) => projection.at(x, y, 0)),
    );
    brush.fill();
    for (const { at } of this.#axes(part).z.ticks) {
      const wall: Point[] = [
        [-nearX, nearY],
        [-nearX, -nearY],
        [nearX, -nearY],
      ];
      brush.beginPath();
      for (const corner of wall) brush.lineTo(...projection.at(...corner, at));
      brush.stroke();
    }
  }

  /** Some slices of all panels, `first` in the order from far to near; the one at `now` is the playhead's. */
  #paint(brush: CanvasRenderingContext2D, first: number, n: number, now: number): void {
    const steps = this.#steps;
    const range: [number, number] = [first, Math.min(steps.length, first + n)];
    for (const [part, panel] of this.#panels.entries())
      this.#paintPanel(brush, panel, part, { steps, range, now });
  }

  #paintPanel(
    brush: CanvasRenderingContext2D,
    { projection, points, heights }: Panel,
    part: number,
    { steps, range, now }: { steps: number[]; range: [number, number]; now: number },
  ): void {
    const { isDark } = this.#scene;
    const { ink, paper } = inksOf(isDark);
    const hue = hueOfPart(this.#scene, part);
    const shades = Array.from({ length: N_SHADES + 1 }, (_, i) =>
      rgba(mixRgb(paper, hue, 0.16 + 0.78 * (i / N_SHADES)), 1),
    );
    const [isRightFarther] = projection.isFarther;
    const width = points[0].length;
    const line = rgba(ink, points.length > 60 ? 0.16 : 0.32);
    for (let step = range[0]; step < range[1]; step++) {
      const [i, before] = [steps[step], steps[step - 1]];
      const [near, far] = [heights[i], heights[before]];
      if (step > 0 && near && far)
        for (let s = 0; s < width - 1; s++) {
          const j = isRightFarther ? width - 2 - s : s;
          const sum = near[j] + near[j + 1] + far[j] + far[j + 1];
          if (sum === 0) continue; // the ground is there
          brush.fillStyle = brush.strokeStyle = shades[Math.round((sum / 4) * N_SHADES)];
          brush.lineWidth = 0.7;
          polygon(brush, [points[before][j], points[before][j + 1], points[i][j + 1], points[i][j]]);
          brush.fill();
          brush.stroke(); // or the ground shines through where two meet
        }
      if (!near) continue;
      brush.strokeStyle = i === now ? rgba(ink, 1) : line;
      brush.lineWidth = i === now ? 2.4 : 0.7;
      brush.beginPath();
      for (const point of points[i]) brush.lineTo(...point);
      brush.stroke();
    }
  }

  turn(dx: number, dy: number): void {
    Object.assign(this.#scene.angles, turned(this.#scene.angles, dx, dy));
    this.#build();
    const now = placeOf(this.#slices, this.#scene.k);
    this.#paint(this.#begin(), 0, this.#slices.length, now); // layers would be of no use to the next turn
  }

  /** What is nearest to the pointer, and of that what is nearest to the reader. */
  cellAt(px: number, py: number): Cell | null {
    let [best, least] = [null as Cell | null, REACH];
    this.#panels.forEach(({ points, heights, projection }, panel) => {
      const isOldFarther = projection.isFarther[1];
      for (let step = 0; step < points.length; step++) {
        const i = isOldFarther ? step : points.length - 1 - step;
        if (!heights[i]) continue;
        for (let j = 1; j < points[i].length - 1; j++) {
          const [x, y] = points[i][j];
          const distance = Math.hypot(x - px, y - py);
          if (distance > least + 2) continue; // a tie is for the nearer one
          best = { panel, k: this.#slices[i], bin: j - 1 };
          least = Math.min(least, distance);
        }
      }
    });
    return best;
  }

  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { spread, k } = this.#scene;
    const at = Math.max(0, placeOf(this.#slices, cell?.k ?? k));
    if (!cell) return { panel: 0, k: this.#slices[at], bin: spread.bins.n >> 1 };
    const next = this.#slices[within(at + dy, this.#slices.length)];
    return { panel: cell.panel, k: next, bin: within(cell.bin + dx, spread.bins.n) };
  }

  boxOf({ panel, k, bin }: Cell): Box | null {
    const point = this.#panels[panel].points[this.#slices.indexOf(k)]?.[bin + 1];
    if (!point) return null;
    const [x, y] = point;
    return { left: x - 3, right: x + 3, top: y - 3, bottom: y + 3 };
  }

  told(cell: Cell): string[] {
    return cellWords(this.#scene, cell);
  }

  press({ k }: Cell): void {
    this.#scene.context.clock.seek(k);
  }

  keys(): Key[] {
    return seriesOf(this.#scene).map((series, i) => ({
      look: "area",
      colours: [hueOfPart(this.#scene, i)],
      text: `${series.part.name}: up to ${formatCount(series.most)}`,
    }));
  }

  words(): string[] {
    const [n, of] = [this.#slices.length, this.#scene.context.history.nCheckpoints];
    const some = n < of ? `${formatCount(n)} of ${formatCount(of)} checkpoints are slices, evenly` : "";
    return [some, "drag it, or press arrows, to turn it; the dark line is the playhead"];
  }
}

function polygon(brush: CanvasRenderingContext2D, points: Point[]): void {
  brush.beginPath();
  for (const [x, y] of points) brush.lineTo(x, y);
  brush.closePath();
}
