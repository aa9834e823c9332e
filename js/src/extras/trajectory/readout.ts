// What is read at the pointer: one weight, or all parts at a checkpoint, largest first.
import { html } from "../../dom";
import type { History } from "../../history";
import { renumbered } from "../../history/run";
import { momentLabel } from "../../panel/moment";
import { formatValue, type Rgb, rgba } from "../../scale";
import type { Point } from "./gestures";
import type { Line } from "./lines";

const MOST_ROWS = 14;

export interface Named {
  line: Line;
  name: string;
  hue: Rgb;
}

/** The checkpoint of another run that is shown beside checkpoint k of this one. */
export const besideOf = (run: History, shown: History, k: number): number =>
  run === shown ? k : renumbered(k, shown.steps, run);

export class Readout {
  readonly #element = html("div", { class: "nwv-tooltip nwv-read", hidden: true });
  readonly #host: HTMLElement;

  constructor(host: HTMLElement) {
    this.#host = host;
    host.append(this.#element);
  }

  hide(): void {
    this.#element.hidden = true;
  }

  /** The value of one weight at a checkpoint of its run. */
  showWeight(at: Point, names: { link: string | null; entry: string }, value: string, moment: string): void {
    this.#show(
      at,
      html("div", "nwv-reading-moment", moment),
      html("div", "nwv-reading-title", names.link ?? names.entry),
      html("span", "nwv-value", value),
      html("div", "nwv-reading-entry", names.link ? names.entry : ""),
    );
  }

  /** Of all lines the values at checkpoint k of the shown run, and of other runs at the one that goes with it. */
  showAll(at: Point, named: Named[], runs: History[], shown: History, k: number, about: string): void {
    const rows = named
      .map(({ line, name, hue }) => {
        const run = runs[line.run];
        return { value: line.values[besideOf(run, shown, k)], name, hue, run };
      })
      .sort((a, b) => (Number.isNaN(a.value) ? 1 : Number.isNaN(b.value) ? -1 : b.value - a.value));
    const more = rows.length - MOST_ROWS;
    this.#show(
      at,
      html("div", "nwv-reading-title", momentLabel(k, shown)),
      html(
        "table",
        {},
        ...rows.slice(0, MOST_ROWS).map(({ value, name, hue, run }) => {
          const mark = html("span", {}, "● ");
          mark.style.color = rgba(hue, 1);
          const whose = runs.length > 1 ? `${name} · ${run.name}` : name;
          const told = Number.isNaN(value) ? "–" : about + formatValue(value);
          return html("tr", {}, html("td", {}, mark, whose), html("td", {}, told));
        }),
      ),
      html("div", "nwv-reading-entry", more > 0 ? `and ${more} more` : ""),
    );
  }

  #show({ x, y }: Point, ...content: HTMLElement[]): void {
    const element = this.#element;
    element.replaceChildren(...content);
    element.hidden = false;
    const { clientWidth: width, clientHeight: height } = this.#host;
    const isFlipped = x > width / 2;
    element.style.left = isFlipped ? "auto" : `${x + 16}px`;
    element.style.right = isFlipped ? `${width - x + 16}px` : "auto";
    element.style.top = `${Math.max(0, Math.min(y + 12, height - element.offsetHeight))}px`;
  }
}
