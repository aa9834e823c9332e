// The key below a figure, and what tells the numbers of what is pointed at.
import { type Attributes, html, put, svg } from "../../dom";
import { rgba } from "../../scale";
import type { Box } from "../axes";
import type { Figure } from "../figure";
import type { Cell, Drawing, Key } from "./scene";

const WIDTH = 26;

/** How a line of the key looks: a line, an area or a ramp of all its colours. */
function lookOf({ look, colours, dashes = [] }: Key): Node[] {
  if (look === null || colours.length === 0) return [];
  const swatch = svg("svg", { width: look === "ramp" ? 72 : WIDTH, height: 10, "aria-hidden": "true" });
  const each = (look === "ramp" ? 72 : WIDTH) / colours.length;
  colours.forEach((colour, i) => {
    const fill = rgba(colour, look === "area" ? 0.55 : 1);
    const line: Attributes = { x1: 0, x2: WIDTH, y1: 5, y2: 5, stroke: fill, "stroke-width": 2 };
    if (look !== "line") swatch.append(svg("rect", { x: i * each, width: each + 0.3, height: 10, fill }));
    else if (i === 0) swatch.append(svg("line", { ...line, "stroke-dasharray": dashes.join(" ") || null }));
  });
  return [swatch];
}

/** Write the key, unless it says the same. */
export function writeKeys(host: HTMLElement, keys: Key[]): void {
  const told = JSON.stringify(keys);
  if (host.dataset.told === told) return;
  host.dataset.told = told;
  host.replaceChildren(...keys.map((key) => html("span", "nwv-key", ...lookOf(key), key.text)));
}

export class Readout {
  readonly #figure: Figure;
  readonly #box = html("div", { class: "nwv-readout", role: "status", hidden: true });
  readonly #mark = svg("rect", "nwv-cell");
  cell: Cell | null = null;

  constructor(figure: Figure) {
    this.#figure = figure;
    figure.stage.append(this.#box);
  }

  hide(): void {
    this.cell = null;
    this.#box.hidden = true;
    this.#mark.remove();
  }

  show(drawing: Drawing, cell: Cell): void {
    const box = drawing.boxOf(cell);
    if (!box) {
      this.hide();
      return;
    }
    this.cell = cell;
    this.#box.replaceChildren(...drawing.told(cell).map((line) => html("div", {}, line)));
    this.#box.hidden = false;
    const { left, top, right, bottom } = box;
    const looks: Record<string, number> = { x: left, y: top, width: right - left, height: bottom - top };
    for (const [name, value] of Object.entries(looks)) put(this.#mark, name, value);
    this.#figure.svg.append(this.#mark);
    this.#place(box);
  }

  /** Beside what it tells of, on the side that has room. */
  #place({ left, right, top, bottom }: Box): void {
    const { width, height } = this.#figure.size;
    const { offsetWidth, offsetHeight } = this.#box;
    const isRight = right + 10 + offsetWidth <= width;
    const x = isRight ? right + 10 : Math.max(0, left - 10 - offsetWidth);
    const y = Math.min(height - offsetHeight, Math.max(0, (top + bottom - offsetHeight) / 2));
    this.#box.style.left = `${x}px`;
    this.#box.style.top = `${Math.max(0, y)}px`;
  }
}
