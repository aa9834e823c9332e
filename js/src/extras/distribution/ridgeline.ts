// Ridgelines: the histograms of some checkpoints behind each other, the oldest at the top.
import { svg } from "../../dom";
import { formatMoment, momentLabel } from "../../panel/moment";
import { formatCount, mixRgb, rgba } from "../../scale";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import { binOf } from "./bins";
import { chosenOf, placeOf } from "./chosen";
import {
  type Cell,
  countScale,
  countWords,
  type Drawing,
  hueOfPart,
  inksOf,
  isIn,
  type Key,
  panelsOf,
  type Scene,
  seriesOf,
  spanOf,
  titleOf,
  within,
} from "./scene";
import { drawSteps } from "./steps";

const MOST = 24;
const OVERLAP = 3; // heights of the tallest ridge to the distance of two

export class Ridgeline implements Drawing {
  readonly #scene: Scene;
  readonly #chosen: number[];
  readonly #panels: { box: Box; x: Scale }[];
  readonly #labels: SVGTextElement[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    const { context, figure, spread, options } = scene;
    this.#chosen = chosenOf(options.chosen, context.history.nCheckpoints, MOST);
    const { edges, n } = spread.bins;
    const margins = { left: 56, right: 10, top: 22, bottom: 38 };
    this.#panels = panelsOf(spread.parts.length, figure.size, margins, 0.9).map((box) => ({
      box,
      x: scaleOf([edges[0], edges[n]], [box.left, box.right]),
    }));
  }

  /** The ground of a ridge, and the distance of two. */
  #ground({ top, bottom }: Box, i: number): [y: number, distance: number] {
    const n = this.#chosen.length;
    const distance = (bottom - top) / (n - 1 + OVERLAP);
    return [bottom - (n - 1 - i) * distance, distance];
  }

  draw(): void {
    const { figure, spread, context } = this.#scene;
    const { epochs, steps } = context.history;
    const counts = epochs ?? steps;
    const unit = epochs ? "epoch" : steps ? "step" : "checkpoint";
    this.#panels.forEach(({ box, x }, i) => {
      const most = Math.max(2, Math.floor((box.right - box.left) / 60));
      const title = spread.normalise === "none" ? "weight" : "weight / norm";
      const group = drawAxes(box, { scale: x, title, most: Math.min(9, most) }, null);
      group.append(titleOf(box, spread.parts[i].name));
      group.append(svg("text", { x: box.left - 6, y: box.bottom + 16, "text-anchor": "end" }, unit));
      const stride = Math.ceil(13 / Math.max(1, this.#ground(box, 0)[1]));
      this.#chosen.forEach((k, at) => {
        if ((this.#chosen.length - 1 - at) % stride) return;
        const text = formatMoment(counts?.[k] ?? k + 1);
        const y = this.#ground(box, at)[0] + 3;
        const label = svg("text", { x: box.left - 6, y, "text-anchor": "end", "data-k": k }, text);
        this.#labels.push(label);
        group.append(label);
      });
      figure.svg.append(group);
    });
    this.move();
  }

  move(): void {
    const { figure, spread, options, k, isDark } = this.#scene;
    const brush = figure.brush();
    const { ink, paper } = inksOf(isDark);
    const now = this.#chosen[placeOf(this.#chosen, k)];
    this.#panels.forEach(({ box, x }, part) => {
      const series = seriesOf(this.#scene)[part];
      const hue = hueOfPart(this.#scene, part);
      this.#chosen.forEach((at, i) => {
        const [ground, distance] = this.#ground(box, i);
        const y = countScale(series.most, [ground, ground - OVERLAP * distance], options.counts);
        const counts = series.at(at);
        const isNow = at === now;
        const fill = rgba(mixRgb(paper, hue, isNow ? 0.75 : 0.25), 1);
        const stroke = isNow ? ink : hue;
        const looks = { fill, stroke, width: isNow ? 2 : 0.9 };
        if (counts) drawSteps(brush, counts, spread.bins, { x, y }, looks);
      });
    });
    for (const label of this.#labels)
      label.classList.toggle("nwv-is-now", Number(label.getAttribute("data-k")) === now);
  }

  cellAt(px: number, py: number): Cell | null {
    const panel = this.#panels.findIndex(({ box }) => isIn(box, px, py));
    if (panel < 0) return null;
    const { box, x } = this.#panels[panel];
    const { bins } = this.#scene.spread;
    const [ground, distance] = this.#ground(box, 0);
    const i = within(Math.ceil((py - ground) / distance), this.#chosen.length);
    return { panel, k: this.#chosen[i], bin: within(binOf(bins, x.at(px)), bins.n) };
  }

  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { spread, k } = this.#scene;
    const { n } = spread.bins;
    const at = Math.max(0, placeOf(this.#chosen, cell?.k ?? k));
    if (!cell) return { panel: 0, k: this.#chosen[at], bin: n >> 1 };
    const panel = cell.panel + (cell.bin + dx >= n ? 1 : cell.bin + dx < 0 ? -1 : 0);
    const isOther = panel !== cell.panel && panel >= 0 && panel < this.#panels.length;
    return {
      panel: isOther ? panel : cell.panel,
      k: this.#chosen[within(at + dy, this.#chosen.length)],
      bin: isOther ? (dx > 0 ? 0 : n - 1) : within(cell.bin + dx, n),
    };
  }

  boxOf({ panel, k, bin }: Cell): Box {
    const { box, x } = this.#panels[panel];
    const { edges } = this.#scene.spread.bins;
    const [ground, distance] = this.#ground(box, this.#chosen.indexOf(k));
    return {
      left: x(edges[bin]),
      right: x(edges[bin + 1]),
      top: ground - OVERLAP * distance,
      bottom: ground,
    };
  }

  told({ panel, k, bin }: Cell): string[] {
    const { spread, context } = this.#scene;
    const series = seriesOf(this.#scene)[panel];
    return [
      momentLabel(k, context.history),
      `${series.part.name} · ${spanOf(spread.bins, bin)}`,
      countWords(series, k, bin),
    ];
  }

  press({ k }: Cell): void {
    this.#scene.context.clock.seek(k);
  }

  keys(): Key[] {
    return seriesOf(this.#scene).map((series, i) => ({
      look: "area",
      colours: [hueOfPart(this.#scene, i)],
      text: `${series.part.name}: the tallest ridge is ${formatCount(series.most)}`,
    }));
  }

  words(): string[] {
    const [n, of] = [this.#chosen.length, this.#scene.context.history.nCheckpoints];
    return [
      `${formatCount(n)} of ${formatCount(of)} checkpoints, the oldest at the top`,
      "the one at or before the playhead is dark",
    ];
  }
}
