// The table of an overview in the page: a button for each parameter, with its line, and the keys that lead through them.
import { hear, html, svg } from "../../dom";
import type { Grid } from "./grid";

export interface Cell {
  name: string;
  button: HTMLButtonElement;
  line: SVGPathElement;
}

export interface TableEvents {
  /** Pointed at, or with the focus; null when nothing is. */
  told(name: string | null): void;
  pressed(name: string): void;
  key(name: string, key: string): boolean;
}

const STEPS: Record<string, [rows: number, columns: number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** A name that may be broken after its dots. */
const breakable = (name: string): Node[] =>
  name.split(/(?<=\.)/).flatMap((piece, i) => [...(i ? [html("wbr")] : []), document.createTextNode(piece)]);

export class Table {
  readonly root = html("div", "nwv-overview");
  readonly cells: Cell[] = [];
  readonly #grid: Grid;
  readonly #of = new Map<string, Cell>();
  readonly #events: TableEvents;

  constructor(grid: Grid, events: TableEvents) {
    this.#grid = grid;
    this.#events = events;
    const corner = html("th", {}, grid.hasBlocks ? "block" : "layer");
    const heads = grid.columns.map((column) => html("th", { scope: "col" }, ...breakable(column)));
    const body = html("tbody");
    for (const { name, cells } of grid.rows) {
      const tds = cells.map((parameter) =>
        html("td", {}, ...(parameter ? [this.#cell(parameter).button] : [])),
      );
      body.append(html("tr", {}, html("th", { scope: "row" }, ...breakable(name)), ...tds));
    }
    const table = html("table", { "aria-label": "parameters by block and kind" });
    table.append(html("thead", {}, html("tr", {}, corner, ...heads)), body);
    this.root.append(table);
    if (this.cells[0]) this.cells[0].button.tabIndex = 0;
    hear(this.root, { keydown: (event) => this.#onKey(event), pointerleave: () => events.told(null) });
  }

  #cell(name: string): Cell {
    const line = svg("path");
    const picture = svg(
      "svg",
      { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
      line,
    );
    const attributes = { type: "button", class: "nwv-overview-cell", tabindex: -1, "data-parameter": name };
    const button = html("button", attributes, picture);
    const { told, pressed } = this.#events;
    hear(button, {
      click: () => {
        this.#take(name);
        pressed(name);
      },
      pointerenter: () => told(name),
      focus: () => told(name),
      blur: () => told(null),
    });
    const cell = { name, button, line };
    this.cells.push(cell);
    this.#of.set(name, cell);
    return cell;
  }

  /** The tab key leads to this cell from now on. */
  #take(name: string): void {
    for (const { button } of this.cells) if (button.tabIndex === 0) button.tabIndex = -1;
    this.#of.get(name)!.button.tabIndex = 0;
  }

  #onKey(event: KeyboardEvent): void {
    const name = (event.target as HTMLElement).dataset.parameter;
    if (!name) return;
    const step = STEPS[event.key];
    if (!step && !this.#events.key(name, event.key)) return;
    event.preventDefault();
    if (!step) return;
    const { rows } = this.#grid;
    let row = rows.findIndex(({ cells }) => cells.includes(name));
    let column = rows[row].cells.indexOf(name);
    for (;;) {
      row += step[0];
      column += step[1];
      if (!rows[row] || column < 0 || column >= this.#grid.columns.length) return;
      const next = rows[row].cells[column];
      if (next) {
        this.#take(next);
        this.#of.get(next)!.button.focus();
        return;
      }
    }
  }
}
