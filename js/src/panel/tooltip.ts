// What is under the pointer, beside the pointer. Follows the playhead while it is shown.
import { blockParameters, isBlock, isLink, isUnit, type Selection, unitLabel } from "../describe";
import { html } from "../dom";
import type { History } from "../history";
import type { Bundle, Network } from "../network";
import type { Options } from "../options";
import { formatValue } from "../scale";
import type { KeptDomains } from "./kernel";
import type { LoadKernels } from "./later";
import { momentLabel } from "./moment";
import { Portraitist } from "./portrait";
import { type Beside, Note, type Reading, readLink } from "./reading";

interface Spot {
  x: number;
  y: number;
  above: boolean;
}

const MOST_PARAMETERS = 8;

/** The parameters in a block, with their shapes. */
function blockReading(history: History, block: string): HTMLElement[] {
  const { network } = history;
  const layer = network.layers.find((other) => other.name === block);
  const parameters = blockParameters(network, block);
  const short = (name: string) => (name === block ? name : name.slice(block.length + 1));
  const rows = parameters
    .slice(0, MOST_PARAMETERS)
    .map(({ name, shape }) =>
      html("tr", {}, html("td", {}, short(name)), html("td", {}, shape.join(" × ") || "1")),
    );
  const more = parameters.length - MOST_PARAMETERS;
  const norms = history.summaries.over(
    "norm",
    parameters.map(({ name }) => network.tied[name] ?? name),
  );
  return [
    html("div", "nwv-reading-title", block),
    html("div", "nwv-reading-entry", [layer?.kind, layer?.note].filter(Boolean).join(" · ")),
    html("table", "nwv-block-table", ...rows),
    html("div", "nwv-reading-entry", more > 0 ? `and ${more} more parameters` : ""),
    html("div", "nwv-reading-entry", rangeWords(norms)),
  ];
}

/** How far a norm has gone. */
function rangeWords(values: Float64Array): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return "";
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  return `norm from ${formatValue(low)} to ${formatValue(high)} over ${values.length} checkpoints`;
}

export interface Tooltip {
  /** Tell what is at the playhead's checkpoint and follow it, or at a moment of its own. */
  show(selection: Selection, at: Spot, checkpoint: number, moment?: number): void;
  hide(): void;
  move(checkpoint: number): void;
  /** What is drawn is of another moment now. */
  tell(): void;
}

export function createTooltip(
  host: HTMLElement,
  history: History,
  bundleOf: (id: string) => Bundle,
  context: {
    options(): Options;
    isDark(): boolean;
    drawn(): Network;
    noteOf(selection: Selection): string | null;
    beside: Beside;
    kernels: LoadKernels;
  },
): Tooltip {
  const { options, isDark, drawn, noteOf, beside, kernels } = context;
  const portraitist = new Portraitist(history);
  const element = html("div", { class: "nwv-tooltip", hidden: true });
  host.append(element);
  const domains: KeptDomains = {};
  let shown = "";
  let spot: Spot;
  let reading: Reading | null = null;
  let note: Note | null = null;
  const fill = (selection: Selection, checkpoint: number): void => {
    reading = note = null;
    if (isLink(selection)) {
      reading = readLink(
        history,
        bundleOf(selection.bundle),
        selection.target,
        selection.source,
        checkpoint,
        {
          options: options(),
          isDark: isDark(),
          isPointable: false,
          domains,
          drawn: drawn(),
          beside,
          kernels,
        },
      );
      element.replaceChildren(reading.element);
    } else if (isBlock(selection)) {
      element.replaceChildren(...blockReading(history, selection.block));
    } else if (isUnit(selection)) {
      const network = drawn();
      const group = network.groups.find((g) => g.id === selection.group)!;
      const layer = network.layers.find((l) => l.name === group.layer);
      const { band } = group;
      const isFolded = band !== undefined && band.size > 1;
      const use = isFolded ? `a band of ${band.size} units: click to unfold it` : "click for all its links";
      const about = group.role === "box" ? (layer?.note ?? "") : use;
      const looks = { options: options(), isDark: isDark(), isPointable: false, kernels };
      const picture = portraitist.pictureOf(selection, checkpoint, looks);
      note = new Note(() => noteOf(selection));
      element.replaceChildren(
        html("div", "nwv-reading-title", unitLabel(network, selection.group, selection.unit)),
        note.element,
        ...(picture ? [picture.element] : []),
        html("div", "nwv-reading-entry", about),
      );
      reading = picture;
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
    show(selection, at, checkpoint, moment) {
      const key = JSON.stringify([selection, moment]);
      if (key !== shown) fill(selection, moment ?? checkpoint);
      if (key !== shown && moment !== undefined) {
        reading = note = null;
        element.prepend(html("div", "nwv-reading-moment", momentLabel(moment, history)));
      }
      if (key !== shown) reading?.drawn?.then(() => shown === key && place(spot));
      spot = at;
      shown = key;
      element.hidden = false;
      place(at);
    },
    hide() {
      shown = "";
      reading = note = null;
      element.hidden = true;
    },
    move: (checkpoint) => reading?.move(checkpoint),
    tell: () => note?.tell(),
  };
}
