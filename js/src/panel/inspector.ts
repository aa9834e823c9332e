// What is selected, at length: a link's history, or a unit's links as a table. Follows the playhead.
import {
  isLink,
  isUnit,
  linkLabel,
  type SelectedUnit,
  type Selection,
  unitLabel,
  unitLinks,
} from "../describe";
import { hear, html, iconButton } from "../dom";
import type { History } from "../history";
import type { Bundle } from "../network";
import type { Options } from "../options";
import { formatCount, formatValue } from "../scale";
import type { KeptDomains } from "./kernel";
import type { LoadKernels } from "./later";
import { Portraitist } from "./portrait";
import { type Beside, Note, type Reading, readLink } from "./reading";

const MOST_ROWS = 60;
const CROSS = "M4 4l8 8M12 4l-8 8";

export interface Inspector {
  show(selection: Selection | null, checkpoint: number): void;
  move(checkpoint: number): void;
  /** What is drawn is of another moment now. */
  tell(): void;
}

/** The links of a unit, strongest first; values are rewritten as the playhead moves, rows stay where they are. */
function unitTable(
  history: History,
  bundles: Bundle[],
  { group, unit }: SelectedUnit,
  checkpoint: number,
  select: (selection: Selection) => void,
): Reading {
  const { network } = history;
  const rows = unitLinks(bundles, history, group, unit, checkpoint);
  const cells = new Map<string, HTMLElement>();
  const body = html("tbody", {});
  const key = (r: (typeof rows)[number]) => `${r.bundle.id}\n${r.target}\n${r.source}`;
  for (const row of rows.slice(0, MOST_ROWS)) {
    const incoming = row.bundle.target === group;
    const other = incoming
      ? unitLabel(network, row.bundle.source, row.source)
      : unitLabel(network, row.bundle.target, row.target);
    const button = html("button", { type: "button", class: "nwv-row" }, `${incoming ? "←" : "→"} ${other}`);
    button.setAttribute("aria-label", linkLabel(network, row.bundle, row.target, row.source));
    hear(button, {
      click: () => select({ bundle: row.bundle.id, target: row.target, source: row.source }),
    });
    const cell = html("td", "nwv-number");
    cells.set(key(row), cell);
    body.append(html("tr", {}, html("td", {}, button), html("td", {}, row.bundle.port ?? ""), cell));
  }
  const move = (k: number): void => {
    for (const row of unitLinks(bundles, history, group, unit, k)) {
      const cell = cells.get(key(row));
      if (!cell) continue;
      cell.textContent = row.recorded
        ? (history.isExact ? "" : "≈ ") + formatValue(row.value)
        : "not recorded";
      cell.className = `nwv-number ${row.value < 0 ? "nwv-negative" : "nwv-positive"}`;
    }
  };
  move(checkpoint);
  const element = html(
    "div",
    "nwv-reading",
    html("div", "nwv-reading-title", unitLabel(network, group, unit)),
    html("table", {}, body),
  );
  if (rows.length > MOST_ROWS)
    element.append(
      html("div", "nwv-reading-entry", `and ${formatCount(rows.length - MOST_ROWS)} weaker links`),
    );
  return { element, move };
}

/** What is known of a unit, and its portrait, between its name and its links. */
function withPortrait(table: Reading, portrait: Reading | null, note: Note): Reading {
  const title = table.element.firstElementChild!;
  if (portrait) title.after(portrait.element);
  title.after(note.element);
  const move = (k: number): void => {
    table.move(k);
    portrait?.move(k);
  };
  return { element: table.element, move };
}

export function createInspector(
  host: HTMLElement,
  history: History,
  bundles: () => Bundle[],
  context: {
    options(): Options;
    isDark(): boolean;
    select(selection: Selection | null): void;
    noteOf(selection: Selection): string | null;
    beside: Beside;
    enlarged(selection: Selection): HTMLElement | null;
    kernels: LoadKernels;
  },
): Inspector {
  const { options, isDark, select, noteOf, beside, enlarged, kernels } = context;
  const portraitist = new Portraitist(history);
  const domains: KeptDomains = {};
  let reading: Reading | null = null;
  let note: Note | null = null;
  const close = iconButton("Close", CROSS);
  hear(close, { click: () => select(null) });
  return {
    show(selection, checkpoint) {
      reading = note = null;
      if (isLink(selection)) {
        const bundle = bundles().find((b) => b.id === selection.bundle)!;
        const looks = { options: options(), isDark: isDark(), isPointable: true, domains, beside, kernels };
        reading = readLink(history, bundle, selection.target, selection.source, checkpoint, looks);
      } else if (isUnit(selection)) {
        const looks = { options: options(), isDark: isDark(), isPointable: true, kernels };
        const portrait = portraitist.pictureOf(selection, checkpoint, looks);
        const table = unitTable(history, bundles(), selection, checkpoint, select);
        note = new Note(() => noteOf(selection));
        reading = withPortrait(table, portrait, note);
        const outputs = enlarged(selection);
        if (outputs) reading.element.firstElementChild!.after(outputs);
      }
      host.hidden = reading === null;
      host.replaceChildren(...(reading ? [close, reading.element] : []));
    },
    move: (checkpoint) => reading?.move(checkpoint),
    tell: () => note?.tell(),
  };
}
