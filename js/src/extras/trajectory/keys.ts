// The key below the plot: the parts with their colours, which can be hidden, the runs with their dashes, the domain.
import { hear, html } from "../../dom";
import type { Network } from "../../network";
import type { Options } from "../../options";
import { type Rgb, rgba } from "../../scale";
import { dashesOf, swatch } from "../hues";
import { type Part, partsOf } from "../parts";

/** What a reader calls a part. */
export const partName = ({ name }: Part): string => name || "the model";

/** The option `of` when one part is hidden or shown again; all are shown rather than none. */
export function ofWithout(
  network: Network,
  { of, by }: Pick<Options, "of" | "by">,
  all: Part[],
  clicked: Part,
): string[] | null {
  const shown = partsOf(network, { of, by });
  const isShown = shown.some(({ name }) => name === clicked.name);
  const kept = all.filter(({ name }) =>
    name === clicked.name ? !isShown : shown.some((part) => part.name === name),
  );
  if (kept.length === 0 || kept.length === all.length) return null;
  return kept.flatMap((part) => {
    const now = shown.find(({ name }) => name === part.name);
    const isWhole = !now || now.bundles || now.parameters.length === part.parameters.length;
    return isWhole ? part.name : now.parameters;
  });
}

export interface KeyLooks {
  all: Part[];
  shown: Set<number>;
  hueOf(part: number): Rgb;
  runs: { name: string; number: number }[]; // where there are several
  words: string; // the domain
  /** A part was clicked; `alone` is to show no other. */
  choose(part: Part, alone: boolean): void;
}

export class Keys {
  readonly #host: HTMLElement;
  #told = "";

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  draw({ all, shown, hueOf, runs, words, choose }: KeyLooks): void {
    const told = JSON.stringify([all.map((part, i) => [part.name, hueOf(i), shown.has(i)]), runs, words]);
    if (told === this.#told) return;
    this.#told = told;
    const active = this.#host.querySelector<HTMLElement>(":focus")?.dataset.part;
    const buttons = all.map((part, i) => {
      const button = html(
        "button",
        {
          type: "button",
          class: "nwv-toggle nwv-part",
          "aria-pressed": String(shown.has(i)),
          "data-part": i,
          title: "Hide or show; with Shift, show this one alone",
          disabled: all.length === 1,
        },
        swatch(rgba(hueOf(i), 1), []),
        partName(part),
      );
      hear(button, { click: (event) => choose(part, event.shiftKey) });
      return button;
    });
    const dashes = runs.map(({ name, number }) =>
      html("span", "nwv-part-run", swatch("currentColor", dashesOf(number)), name),
    );
    this.#host.replaceChildren(
      html("span", { class: "nwv-parts", role: "group", "aria-label": "What has lines" }, ...buttons),
      ...dashes,
      html("span", {}, words),
    );
    if (active !== undefined) this.#host.querySelector<HTMLElement>(`[data-part="${active}"]`)?.focus();
  }
}
