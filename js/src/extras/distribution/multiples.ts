// Small multiples: the histograms of some checkpoints on the same axes, one line a part.
import { put, svg } from "../../dom";
import { formatMoment, momentLabel } from "../../panel/moment";
import { formatCount, rgba } from "../../scale";
import { type Box, drawAxes, type Scale, scaleOf } from "../axes";
import { binOf } from "./bins";
import { chosenOf, placeOf } from "./chosen";
import {
  type Cell,
  countScale,
  countTicks,
  countWords,
  type Drawing,
  hueOfPart,
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

const MOST = 16; // as many as fit a page in the literature

export class Multiples implements Drawing {
  readonly #scene: Scene;
  readonly #chosen: number[];
  readonly #panels: { box: Box; x: Scale; y: Scale }[];
  readonly #mark = svg("rect", "nwv-now");

  constructor(scene: Scene) {
    this.#scene = scene;
    const { context, figure, spread, options } = scene;
    this.#chosen = chosenOf(options.chosen, context.history.nCheckpoints, MOST);
    const { edges, n } = spread.bins;
    const most = Math.max(...seriesOf(scene).map((series) => series.most));
    const margins = { left: 40, right: 8, top: 22, bottom: 22 };
    this.#panels = panelsOf(this.#chosen.length, figure.size, margins).map((box) => ({
      box,
      x: scaleOf([edges[0], edges[n]], [box.left, box.right]),
      y: countScale(most, [box.bottom, box.top], options.counts),
    }));
  }

  /** "epoch 12", as short as it can be said. */
  #title(k: number): string {
    const { steps, epochs } = this.#scene.context.history;
    const [epoch, step] = [epochs?.[k] ?? null, steps?.[k] ?? null];
    if (epoch !== null) return `epoch ${formatMoment(epoch)}`;
    return step === null ? `checkpoint ${formatCount(k + 1)}` : `step ${formatMoment(step)}`;
  }

  draw(): void {
    const { figure, spread } = this.#scene;
    const brush = figure.brush();
    const all = seriesOf(this.#scene);
    this.#panels.forEach(({ box, x, y }, i) => {
      const k = this.#chosen[i];
      const room = [(box.right - box.left) / 55, (box.bottom - box.top) / 30].map(Math.floor);
      const group = drawAxes(
        box,
        { scale: x, title: "", most: Math.min(5, room[0]) },
        { scale: y, title: "", ticks: countTicks(y, Math.min(4, room[1])) },
      );
      group.append(titleOf(box, this.#title(k)));
      all.forEach((series, part) => {
        const counts = series.at(k);
        const hue = hueOfPart(this.#scene, part);
        const fill = all.length === 1 ? rgba(hue, 0.45) : undefined;
        if (counts) drawSteps(brush, counts, spread.bins, { x, y }, { stroke: hue, fill });
      });
      if (all.every((series) => !series.at(k))) {
        const text = all.every((series) => series.isGap(k)) ? "not recorded" : "waiting for the kernel";
        const middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
        group.append(svg("text", { class: "nwv-absent", ...middle }, text));
      }
      figure.svg.append(group);
    });
    figure.svg.append(this.#mark);
    this.move();
  }

  move(): void {
    const at = placeOf(this.#chosen, this.#scene.k);
    this.#mark.toggleAttribute("hidden", at < 0);
    if (at < 0) return;
    const { left, top, right, bottom } = this.#panels[at].box;
    const frame: Record<string, number> = {
      x: left,
      y: top - 19,
      width: right - left,
      height: bottom - top + 19,
    };
    for (const [name, value] of Object.entries(frame)) put(this.#mark, name, value);
    put(this.#mark, "data-checkpoint", this.#chosen[at]);
  }

  cellAt(px: number, py: number): Cell | null {
    const panel = this.#panels.findIndex(({ box }) => isIn({ ...box, top: box.top - 18 }, px, py));
    if (panel < 0) return null;
    const { bins } = this.#scene.spread;
    const bin = within(binOf(bins, this.#panels[panel].x.at(px)), bins.n);
    return { panel, k: this.#chosen[panel], bin };
  }

  /** Left and right go by checkpoints, up and down by bins. */
  next(cell: Cell | null, dx: number, dy: number): Cell {
    const { spread, k } = this.#scene;
    const { n } = spread.bins;
    const begin = Math.max(0, placeOf(this.#chosen, k));
    const panel = cell ? within(cell.panel + dx, this.#chosen.length) : begin;
    return { panel, k: this.#chosen[panel], bin: cell ? within(cell.bin - dy, n) : n >> 1 };
  }

  boxOf({ panel, bin }: Cell): Box {
    const { box, x } = this.#panels[panel];
    const { edges } = this.#scene.spread.bins;
    return { left: x(edges[bin]), right: x(edges[bin + 1]), top: box.top, bottom: box.bottom };
  }

  told({ k, bin }: Cell): string[] {
    const { spread, context } = this.#scene;
    const all = seriesOf(this.#scene);
    return [
      momentLabel(k, context.history),
      spanOf(spread.bins, bin),
      ...all.map((series) => `${series.part.name}: ${countWords(series, k, bin)}`),
    ];
  }

  press({ k }: Cell): void {
    this.#scene.context.clock.seek(k);
  }

  keys(): Key[] {
    return this.#scene.spread.parts.map(({ name }, i) => {
      return { look: "line", colours: [hueOfPart(this.#scene, i)], text: name };
    });
  }

  words(): string[] {
    const [n, of] = [this.#chosen.length, this.#scene.context.history.nCheckpoints];
    const [some, all] = [formatCount(n), formatCount(of)];
    return [
      `${some} of ${all} checkpoints, all on the same axes; the one at or before the playhead is framed`,
    ];
  }
}
