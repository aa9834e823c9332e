// What is under the pointer, beside the pointer. Follows the playhead while it is shown.
import { isLink, isUnit, type Selection, unitLabel } from "../describe";
import { html } from "../dom";
import type { History } from "../history";
import type { Bundle } from "../network";
import type { Options } from "../options";
import { EntriesDomains } from "./entries";
import { type Reading, readLink } from "./reading";

interface Spot {
  x: number;
  y: number;
  above: boolean;
}

export interface Tooltip {
  show(selection: Selection | null, at: Spot, checkpoint: number): void;
  move(checkpoint: number): void;
}

export function createTooltip(
  host: HTMLElement,
  history: History,
  bundleOf: (id: string) => Bundle,
  { options, isDark }: { options(): Options; isDark(): boolean },
): Tooltip {
  const element = html("div", { class: "nwv-tooltip", hidden: true });
  host.append(element);
  const domains = new EntriesDomains();
  let shown = "";
  let reading: Reading | null = null;
  const fill = (selection: Selection, checkpoint: number): void => {
    reading = null;
    if (isLink(selection)) {
      reading = readLink(
        history,
        bundleOf(selection.bundle),
        selection.target,
        selection.source,
        checkpoint,
        { options: options(), isDark: isDark(), isPointable: false, domains },
      );
      element.replaceChildren(reading.element);
    } else if (isUnit(selection)) {
      const { network } = history;
      const group = network.groups.find((g) => g.id === selection.group)!;
      const layer = network.layers.find((l) => l.name === group.layer);
      const about = group.role === "box" ? (layer?.note ?? "") : "click for all its links";
      element.replaceChildren(
        html("div", { class: "nwv-reading-title" }, unitLabel(network, selection.group, selection.unit)),
        html("div", { class: "nwv-reading-entry" }, about),
      );
    }
  };
  const place = ({ x, y, above }: Spot): void => {
    const flip = x > host.clientWidth - 230;
    element.style.left = flip ? "auto" : `${x + 14}px`;
    element.style.right = flip ? `${host.clientWidth - x + 14}px` : "auto";
    const { offsetHeight: height } = element;
    const low = (above && y > height + 20) || (y > host.clientHeight - height && y > host.clientHeight / 2);
    element.style.top = low ? "auto" : `${y + 12}px`;
    element.style.bottom = low ? `${host.clientHeight - y + 10}px` : "auto";
  };
  return {
    show(selection, at, checkpoint) {
      const key = JSON.stringify(selection);
      if (selection && key !== shown) fill(selection, checkpoint);
      shown = selection ? key : "";
      if (!selection) reading = null;
      element.hidden = selection === null;
      if (selection) place(at);
    },
    move: (checkpoint) => reading?.move(checkpoint),
  };
}
