// What is read at the pointer: one weight, or all parts at a checkpoint, largest first.
import { html } from "../../dom";
import type { History } from "../../history";
import { renumbered } from "../../history/run";
import type { Network } from "../../network";
import { momentLabel } from "../../panel/moment";
import { formatValue, type Rgb, rgba } from "../../scale";
import type { Point } from "./gestures";
import { partName } from "./keys";
import type { Line } from "./lines";
import type { Sheet } from "./sheet";
import { nameOf, type Told } from "./words";

const MOST_ROWS = 14;
const MOST_DOTS = 40;

/** The checkpoint of another run that is shown beside checkpoint k of this one. */
export const besideOf = (run: History, shown: History, k: number): number =>
  run === shown ? k : renumbered(k, shown.steps, run);

interface Read {
  told: Told;
  network: Network;
  shown: number; // the number of the run
  hueOf(part: number): Rgb;
}

export class Readout {
  readonly #element = html("div", { class: "nwv-tooltip nwv-read", hidden: true });
  readonly #host: HTMLElement;
  readonly #sheet: Sheet;

  constructor(host: HTMLElement, sheet: Sheet) {
    this.#host = host;
    this.#sheet = sheet;
    host.append(this.#element);
  }

  /** Tell what is at a point: a line of a single weight, or all parts at the checkpoint there; without a point, nothing. */
  show(at: Point | null, line: Line | null, read: Read): void {
    const { plot, options } = read.told;
    const isSingle = options.trajectory === "weights";
    const run = line && isSingle ? line.run : read.shown;
    const k = at && plot.extent ? plot.checkpointAt(run, at.x) : -1;
    const isRead = at !== null && k >= 0 && (line !== null || !isSingle);
    this.#element.hidden = !isRead;
    if (!isRead) this.#sheet.point(null, []);
    else if (line?.weight) this.#showWeight(at, line, k, read);
    else this.#showAll(at, k, read);
  }

  #showWeight(at: Point, line: Line, k: number, { told, network, hueOf }: Read): void {
    const { plot, runs, found } = told;
    const run = runs[line.run];
    const names = nameOf(network, line.weight!);
    const value = line.values[k];
    const about = found.isRounded ? "≈ " : "";
    this.#fill(
      at,
      html("div", {}, (runs.length > 1 ? `${run.name} · ` : "") + momentLabel(k, run)),
      html("div", "nwv-reading-title", names.link ?? names.entry),
      html("span", "nwv-value", Number.isNaN(value) ? "not recorded here" : about + formatValue(value)),
      html("div", "nwv-reading-entry", names.link ? names.entry : ""),
    );
    const { x, y } = plot.track(line);
    const dot = { x: x[k], y: y[k], hue: hueOf(line.part) };
    this.#sheet.point(x[k], Number.isFinite(y[k]) ? [dot] : []);
  }

  /** Of all lines the values at checkpoint k of the shown run, and of other runs at the one that goes with it. */
  #showAll(at: Point, k: number, { told, shown, hueOf }: Read): void {
    const { plot, runs, found } = told;
    const rows = plot.lines
      .map((line) => {
        const run = runs[line.run];
        const beside = besideOf(run, runs[shown], k);
        const { x, y } = plot.track(line);
        const name = partName(found.all[line.part]) + (runs.length > 1 ? ` · ${run.name}` : "");
        return { value: line.values[beside], name, hue: hueOf(line.part), x: x[beside], y: y[beside] };
      })
      .sort((a, b) => Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value)) || b.value - a.value);
    const more = rows.length - MOST_ROWS;
    const about = found.isRounded ? "≈ " : "";
    this.#fill(
      at,
      html("div", "nwv-reading-title", momentLabel(k, runs[shown])),
      html(
        "table",
        {},
        ...rows.slice(0, MOST_ROWS).map(({ value, name, hue }) => {
          const mark = html("span", {}, "● ");
          mark.style.color = rgba(hue, 1);
          const text = Number.isNaN(value) ? "–" : about + formatValue(value);
          return html("tr", {}, html("td", {}, mark, name), html("td", {}, text));
        }),
      ),
      html("div", "nwv-reading-entry", more > 0 ? `and ${more} more` : ""),
    );
    const { top, bottom } = plot.box;
    const seen = rows.filter(({ x, y }) => plot.isInside(x) && y >= top && y <= bottom);
    this.#sheet.point(plot.xsOf(shown)[k], seen.length <= MOST_DOTS ? seen : []);
  }

  #fill({ x, y }: Point, ...content: HTMLElement[]): void {
    const element = this.#element;
    element.replaceChildren(...content);
    const { clientWidth: width, clientHeight: height } = this.#host;
    const isFlipped = x > width / 2;
    element.style.left = isFlipped ? "auto" : `${x + 16}px`;
    element.style.right = isFlipped ? `${width - x + 16}px` : "auto";
    element.style.top = `${Math.max(0, Math.min(y + 12, height - element.offsetHeight))}px`;
  }
}
