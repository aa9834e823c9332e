// Moments and quantiles over time: a panel each, a line a part, runs told apart by dashes.
import { renumbered } from "../../history/run";
import { along, nearest, type TimeAxis, timeAxis, timeTicks } from "../../panel/axis";
import { momentLabel } from "../../panel/moment";
import { formatValue, rgba } from "../../scale";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import { dashesOf } from "../hues";
import {
  type Cell,
  type Drawing,
  headIn,
  hueOfPart,
  type Key,
  moveHeads,
  panelAt,
  panelsOf,
  type Scene,
  titleOf,
  within,
} from "./scene";
import type { Series } from "./series";

/** Which numbers a panel has (see moments.ts): their places there. */
const PANELS = [
  { title: "mean", of: [0] },
  { title: "variance", of: [1] },
  { title: "skewness", of: [2] },
  { title: "excess kurtosis", of: [3] },
  { title: "quantiles", of: [4, 5, 6, 7, 8] },
];
const NAMES = ["5 %", "25 %", "median", "75 %", "95 %"];
const MEDIAN = 6;

interface Panel {
  title: string;
  of: number[];
  box: Box;
  x: Scale;
  y: Scale;
}

export class Curves implements Drawing {
  readonly #scene: Scene;
  readonly #time: TimeAxis;
  readonly #panels: Panel[];
  readonly #heads: SVGLineElement[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    const { context, figure, options } = scene;
    const others = context.histories.filter((_, i) => i !== scene.run);
    const xs = others.map(({ steps, nCheckpoints: n }) =>
      steps ? steps.filter((step) => step !== null) : Array.from({ length: n }, (_, k) => k),
    );
    this.#time = timeAxis(context.history, xs, options.x);
    const boxes = panelsOf(PANELS.length, figure.size, { left: 62, right: 12, top: 22, bottom: 38 });
    this.#panels = PANELS.map((panel, i) => {
      const { left, right, top, bottom } = boxes[i];
      const isLog = panel.title === "variance" && options.log_axes.includes("y");
      const x = scaleOf([...this.#time.full], [left, right]);
      return { ...panel, box: boxes[i], x, y: this.#scaleOf(panel.of, [bottom, top], isLog) };
    });
  }

  /** A scale for all there is of some numbers. */
  #scaleOf(of: number[], range: [number, number], isLog: boolean): Scale {
    let [low, high] = [Infinity, -Infinity];
    for (const series of this.#scene.spread.series.flat())
      for (let k = 0; k < series.n; k++) {
        const found = series.moments(k);
        if (!found) continue;
        for (const i of of) {
          const value = found[i];
          if (!Number.isFinite(value) || (isLog && value <= 0)) continue;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
    if (low > high) [low, high] = isLog ? [0.1, 1] : [0, 1];
    if (isLog) return scaleOf([low / 1.1, high * 1.1], range, true);
    const air = 0.05 * (high - low) || 0.05 * Math.abs(high) || 0.5;
    return scaleOf([low - air, high + air], range);
  }

  /** Along the time axis, which is that of the run shown. */
  #x(run: number, k: number): number {
    if (run === this.#scene.run) return this.#time.at[k];
    return this.#time.place(this.#scene.context.histories[run].steps?.[k] ?? k);
  }

  draw(): void {
    const { figure, spread } = this.#scene;
    const brush = figure.brush();
    for (const { title, box, x, y, of } of this.#panels) {
      const room = [(box.right - box.left) / 60, (box.bottom - box.top) / 26].map(Math.floor);
      const ticks = timeTicks(this.#time, this.#time.full, Math.max(2, Math.min(8, room[0])));
      const times = ticks.map(({ x: value, text }) => ({ value, text }));
      const group = drawAxes(
        box,
        { scale: x, title: this.#time.unit, ticks: times },
        { scale: y, title: "", most: Math.min(6, room[1]) },
      );
      const head = headIn(box);
      this.#heads.push(head);
      group.append(titleOf(box, y.isLog ? `${title}, logarithmic` : title), head);
      figure.svg.append(group);
      brush.save();
      brush.beginPath();
      brush.rect(box.left, box.top - 1, box.right - box.left, box.bottom - box.top + 2);
      brush.clip();
      spread.series.forEach((list, run) => {
        list.forEach((series, part) => {
          if (of.length > 1 && spread.series.length === 1) this.#bands(brush, series, part, { x, y });
          for (const i of of) this.#line(brush, series, { run, part, i }, { x, y });
        });
      });
      brush.restore();
    }
    this.move();
  }

  #line(
    brush: CanvasRenderingContext2D,
    series: Series,
    { run, part, i }: { run: number; part: number; i: number },
    { x, y }: { x: Scale; y: Scale },
  ): void {
    const hue = rgba(hueOfPart(this.#scene, part), 1);
    brush.strokeStyle = brush.fillStyle = hue;
    brush.lineWidth = i > 3 && i !== MEDIAN ? 0.8 : 1.7;
    brush.setLineDash(dashesOf(run));
    brush.beginPath();
    let [isDown, isAlone, last] = [false, false, [0, 0]];
    const dots: number[][] = [];
    for (let k = 0; k < series.n; k++) {
      const place = [x(this.#x(run, k)), y(series.moments(k)?.[i] ?? Number.NaN)];
      const isThere = place.every(Number.isFinite);
      if (isThere && isDown) brush.lineTo(place[0], place[1]);
      else if (isThere) brush.moveTo(place[0], place[1]);
      else if (isAlone) dots.push(last);
      isAlone = isThere && !isDown;
      isDown = isThere;
      last = place;
    }
    if (isAlone) dots.push(last);
    brush.stroke();
    brush.setLineDash([]);
    for (const [cx, cy] of dots) {
      brush.beginPath();
      brush.arc(cx, cy, 2.5, 0, 7);
      brush.fill();
    }
  }

  /** What lies between the outer and the inner quantiles. */
  #bands(
    brush: CanvasRenderingContext2D,
    series: Series,
    part: number,
    { x, y }: { x: Scale; y: Scale },
  ): void {
    brush.fillStyle = rgba(hueOfPart(this.#scene, part), 0.13);
    const known = Array.from({ length: series.n }, (_, k) => k).filter((k) =>
      Number.isFinite(series.moments(k)?.[MEDIAN] ?? Number.NaN),
    );
    for (const [low, high] of [
      [4, 8],
      [5, 7],
    ]) {
      brush.beginPath();
      for (const k of known) brush.lineTo(x(this.#time.at[k]), y(series.moments(k)![high]));
      for (const k of known.reverse()) brush.lineTo(x(this.#time.at[k]), y(series.moments(k)![low]));
      brush.fill();
      known.reverse();
    }
  }

  move(): void {
    moveHeads(this.#heads, this.#panels, along(this.#time, this.#scene.k));
  }

  cellAt(px: number, py: number): Cell | null {
    const panel = panelAt(this.#panels, px, py);
    if (panel < 0) return null;
    return { panel, k: nearest(this.#time, this.#panels[panel].x.at(px)), bin: 0 };
  }

  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { k, context } = this.#scene;
    if (!cell) return { panel: 0, k, bin: 0 };
    const panel = within(cell.panel + dy, this.#panels.length);
    return { panel, k: within(cell.k + dx, context.history.nCheckpoints), bin: 0 };
  }

  boxOf({ panel, k }: Cell): Box {
    const { box, x } = this.#panels[panel];
    const at = x(this.#time.at[k]);
    return { left: at - 1, right: at + 1, top: box.top, bottom: box.bottom };
  }

  told({ panel, k }: Cell): string[] {
    const { spread, run, context } = this.#scene;
    const { title, of } = this.#panels[panel];
    const { steps } = context.histories[run];
    const lines = spread.series.flatMap((list, other) => {
      const history = context.histories[other];
      const at = other === run ? k : renumbered(k, steps, history);
      const name = spread.series.length > 1 ? `${history.name} · ` : "";
      return list.map((series) => `${name}${series.part.name}: ${valueWords(series, at, of)}`);
    });
    return [momentLabel(k, context.history), title, ...lines];
  }

  press({ k }: Cell): void {
    this.#scene.context.clock.seek(k);
  }

  keys(): Key[] {
    const { spread, context } = this.#scene;
    const hues = spread.parts.map((_, i) => hueOfPart(this.#scene, i));
    const parts = spread.parts.map(({ name }, i): Key => ({ look: "line", colours: [hues[i]], text: name }));
    const runs = context.histories.map(({ called }, i): Key => {
      return { look: "line", colours: [hues[0]], dashes: dashesOf(i), text: called };
    });
    return [...parts, ...(runs.length > 1 ? runs : [])];
  }

  words(): string[] {
    return ["quantiles 5, 25, 50, 75 and 95 %", "of all finite weights of a checkpoint"];
  }
}

function valueWords(series: Series, k: number, of: number[]): string {
  const found = series.moments(k);
  if (!found) return series.isGap(k) ? "not recorded here" : "still with the kernel";
  if (of.length === 1) return formatValue(found[of[0]]);
  return of.map((i, at) => `${NAMES[at]} ${formatValue(found[i])}`).join(", ");
}
