// Histograms at the playhead: a panel a part, the first checkpoint and other runs as outlines, the selected weight marked.
import { svg } from "../../dom";
import { renumbered } from "../../history/run";
import { momentLabel } from "../../panel/moment";
import { formatCount, formatValue, type Rgb, rgba } from "../../scale";
import { type Box, drawAxes, type Scale } from "../axes";
import { dashesOf } from "../hues";
import { binOf } from "./bins";
import { isOf, nearestIn, pickedOf, valuesOf } from "./picked";
import {
  absentIn,
  binAt,
  type Cell,
  columnOf,
  countScale,
  countTicks,
  countWords,
  type Drawing,
  hueOfPart,
  inksOf,
  type Key,
  panelAt,
  panelsOf,
  type Scene,
  seriesOf,
  spanOf,
  titleOf,
  unitOf,
  valueScale,
  within,
} from "./scene";
import { drawSteps } from "./steps";

interface Panel {
  box: Box;
  x: Scale;
  y: Scale;
}

export class Histogram implements Drawing {
  readonly #scene: Scene;
  readonly #panels: Panel[];
  readonly #marks = svg("g");

  constructor(scene: Scene) {
    this.#scene = scene;
    const { figure, spread, options } = scene;
    const n = spread.parts.length;
    const margins = { left: n > 1 ? 46 : 62, right: 12, top: 22, bottom: n > 1 ? 26 : 40 };
    this.#panels = panelsOf(n, figure.size, margins).map((box, i) => {
      const most = Math.max(...spread.series.map((run) => run[i].most));
      return {
        box,
        x: valueScale(scene, [box.left, box.right]),
        y: countScale(most, [box.bottom, box.top], options.counts),
      };
    });
  }

  /** The checkpoints of all runs at the playhead: of another run the latest that is not later. */
  #checkpoint(run: number): number {
    const { context, k, run: shown } = this.#scene;
    if (run === shown) return k;
    return renumbered(k, context.histories[shown].steps, context.histories[run]);
  }

  draw(): void {
    const { figure, spread } = this.#scene;
    const isOne = this.#panels.length === 1;
    const groups = this.#panels.map(({ box, x, y }, i) => {
      const room = [(box.right - box.left) / 45, (box.bottom - box.top) / 34].map(Math.floor);
      const group = drawAxes(
        box,
        { scale: x, title: isOne ? unitOf(this.#scene) : "", most: Math.min(8, room[0]) },
        { scale: y, title: isOne ? "count" : "", ticks: countTicks(y, Math.min(6, room[1])) },
      );
      const { name, size } = spread.parts[i];
      group.append(titleOf(box, `${name} · ${formatCount(size)} weights`));
      return group;
    });
    figure.svg.append(...groups, this.#marks);
    this.move();
  }

  move(): void {
    const { figure, spread, run, isDark } = this.#scene;
    const brush = figure.brush();
    const { ink, muted } = inksOf(isDark);
    this.#panels.forEach(({ x, y }, i) => {
      const hue = hueOfPart(this.#scene, i);
      const now = spread.series[run][i].at(this.#scene.k);
      const first = spread.series[run][i].at(0);
      if (now) drawSteps(brush, now, spread.bins, { x, y }, { fill: rgba(hue, isDark ? 0.55 : 0.45) });
      if (first) drawSteps(brush, first, spread.bins, { x, y }, { stroke: muted, width: 2.6 });
      if (first) drawSteps(brush, first, spread.bins, { x, y }, { stroke: ink, width: 0.8 });
      spread.series.forEach((series, other) => {
        const counts = series[i].at(this.#checkpoint(other));
        const looks = { stroke: hue, width: 1.6, dashes: dashesOf(other) };
        if (counts) drawSteps(brush, counts, spread.bins, { x, y }, looks);
      });
    });
    this.#marks.replaceChildren(...this.#panels.flatMap((panel, i) => this.#markOf(panel, i)));
  }

  /** Where the selected weight is. */
  #markOf({ box, x, y }: Panel, i: number): SVGElement[] {
    const { spread, k, context } = this.#scene;
    const picked = pickedOf(context.network, context.selection());
    const series = seriesOf(this.#scene)[i];
    if (!series.at(k)) {
      return [absentIn(box, series.isGap(k))];
    }
    if (!picked || !isOf(context.network, series.part, picked)) return [];
    return valuesOf(series, picked, k)
      .slice(0, 9)
      .flatMap((value, _, { length }) => {
        const bin = binOf(spread.bins, value);
        if (bin < 0 || bin >= spread.bins.n) return [];
        const at = x(value);
        const rect = this.boxOf({ panel: i, k, bin })!;
        const isLeft = at > (box.left + box.right) / 2;
        const [anchor, shift] = isLeft ? ["end", -5] : ["start", 5];
        const name = length === 1 ? `selected: ${formatValue(value)}` : "";
        return [
          svg("rect", {
            class: "nwv-picked",
            x: rect.left,
            width: rect.right - rect.left,
            y: y.range[1],
            height: y.range[0] - y.range[1],
          }),
          svg("line", { class: "nwv-picked-line", x1: at, x2: at, y1: box.top, y2: box.bottom }),
          svg(
            "text",
            { class: "nwv-picked-name", x: at + shift, y: box.top + 12, "text-anchor": anchor },
            name,
          ),
        ];
      });
  }

  cellAt(px: number, py: number): Cell | null {
    const panel = panelAt(this.#panels, px, py);
    return panel < 0 ? null : { panel, k: this.#scene.k, bin: binAt(this.#scene, this.#panels[panel].x, px) };
  }

  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { spread, k } = this.#scene;
    if (!cell) return { panel: 0, k, bin: spread.bins.n >> 1 };
    return {
      k,
      panel: within(cell.panel + dy, this.#panels.length),
      bin: within(cell.bin + dx, spread.bins.n),
    };
  }

  boxOf({ panel, bin }: Cell): Box | null {
    return columnOf(this.#scene, this.#panels[panel], bin);
  }

  told({ panel, bin }: Cell): string[] {
    const { spread, run, k, context } = this.#scene;
    const series = spread.series[run][panel];
    const others = spread.series.flatMap((list, other) =>
      other === run
        ? []
        : [`${context.histories[other].name}: ${countWords(list[panel], this.#checkpoint(other), bin)}`],
    );
    const first = series.at(0);
    return [
      `${spread.parts[panel].name} · ${spanOf(spread.bins, bin)}`,
      countWords(series, k, bin),
      ...(first && k > 0 ? [`at the first checkpoint ${formatCount(first[bin])}`] : []),
      ...others,
    ];
  }

  /** Select the weight in the bin that is nearest to its middle. */
  press({ panel, bin }: Cell): void {
    const { spread, context, k } = this.#scene;
    const found = nearestIn(context.network, seriesOf(this.#scene)[panel], k, spread.bins, bin);
    if (found) context.select(found);
  }

  keys(): Key[] {
    const { spread, context, run, isDark } = this.#scene;
    const { ink } = inksOf(isDark);
    const hues: Rgb[] = spread.parts.map((_, i) => hueOfPart(this.#scene, i));
    const names = context.histories.map(({ called }) => called);
    const at = (other: number) => momentLabel(this.#checkpoint(other), context.histories[other]);
    const runs = names.map((name, other): Key => {
      const text = `${name}: ${at(other)}`;
      return { look: "line", colours: hues, dashes: dashesOf(other), text };
    });
    return [
      { look: "area", colours: hues, text: at(run) },
      ...(names.length > 1 ? runs : []),
      ...(context.history.nCheckpoints > 1
        ? [{ look: "line" as const, colours: [ink], text: "first checkpoint" }]
        : []),
    ];
  }

  words(): string[] {
    const { spread, context } = this.#scene;
    const empty = context.selection() ? "" : "press a bin to select a weight of it";
    return [spread.parts.length > 1 ? "each panel has its own scale of counts" : "", empty];
  }
}
