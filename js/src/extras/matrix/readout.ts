// What one entry of a parameter is, now and over time, where no link is that entry alone: beside the pointer.
import { entryLabel, isLink, linkLabel } from "../../describe";
import { html } from "../../dom";
import { exactly } from "../../panel/reading";
import { sparkline } from "../../panel/sparkline";
import { formatValue } from "../../scale";
import type { ViewContext } from "../../views/context";
import { selectionOf } from "./marks";
import { type Cell, entryOf, linkAt } from "./sheet";
import type { Values } from "./values";

const SPARK = { width: 190, height: 44 };

/** An entry's name as in Python: `fc1.weight[3, 5]`. */
export const cellName = ({ network }: ViewContext, { piece, row, column }: Cell): string =>
  entryLabel(network, piece.view, row, column);

/** A value in words; "≈" where it is a rounded one. */
export function cellValue(
  { context, values }: Known,
  cell: Cell,
  k: number,
  exact: ArrayLike<number> | null,
): string {
  const { history } = context;
  const { quantity, reference } = context.options();
  const { piece } = cell;
  const isTiled = values.isTiled(piece);
  if (!values.isRecorded(piece, k))
    return isTiled || history.isHere(k) ? "not recorded here" : "still with the kernel";
  const [base] = history.before(0, { quantity, reference });
  const isExact = exact !== null || [history, base].every(({ precision }) => precision === "float32");
  const stored = () => history.stored(piece.view, cell.row, cell.column, quantity, reference)[k];
  const value = exact?.[k] ?? (isTiled ? values.entry(cell, k) : stored());
  if (value === null) return "still with the kernel";
  return `${isExact ? "" : "≈ "}${formatValue(value)}`;
}

/** Where values are found. */
export interface Known {
  context: ViewContext;
  values: Values;
}

export class Readout {
  readonly #known: Known;
  readonly element = html("div", { class: "nwv-tooltip", hidden: true });
  readonly #host: HTMLElement;
  #key = "";
  #move: (k: number) => void = () => {};

  constructor(host: HTMLElement, known: Known) {
    this.#known = known;
    this.#host = host;
    host.append(this.element);
  }

  /** Tell what is pointed at: a link as elsewhere, an entry that none is alone by itself. */
  point(cell: Cell | null, k: number, at: [x: number, y: number]): void {
    const { point, network } = this.#known.context;
    const selection = cell && selectionOf(network, cell);
    const isTold = isLink(selection);
    point(isTold ? selection : null, at[0], at[1], false);
    if (cell && !isTold) this.#show(cell, k, at);
    else this.hide();
  }

  #show(cell: Cell, k: number, [x, y]: [number, number]): void {
    const key = `${cell.piece.view.parameter} ${entryOf(cell)}`;
    if (key !== this.#key) this.#fill(cell, k, key);
    this.element.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const { clientWidth, clientHeight } = this.#host;
    const left = x + width + 20 > clientWidth ? x - width - 14 : x + 14;
    const top = y + height + 16 > clientHeight && y > clientHeight / 2 ? y - height - 10 : y + 12;
    this.element.style.left = `${Math.max(0, left)}px`;
    this.element.style.top = `${Math.max(0, top)}px`;
  }

  #fill(cell: Cell, k: number, key: string): void {
    this.#key = key;
    const { context } = this.#known;
    const { history, network } = context;
    const { quantity, reference } = context.options();
    const { view } = cell.piece;
    const link = linkAt(network, cell);
    const value = html("span", "nwv-value");
    const chart = html("div", {});
    let exact: ArrayLike<number> | null = null;
    let at = k;
    let spark: ReturnType<typeof sparkline>;
    const draw = () => {
      const values = exact ?? history.stored(view, cell.row, cell.column, quantity, reference);
      spark = sparkline(values, SPARK.width, SPARK.height, at);
      chart.replaceChildren(spark.element);
    };
    draw();
    this.#move = (moment) => {
      at = moment;
      value.textContent = cellValue(this.#known, cell, moment, exact);
      spark.move(moment);
    };
    this.#move(k);
    if (!history.isExact)
      exactly(history, view, [entryOf(cell)], { quantity, reference }).then(
        (all) => {
          exact = all;
          if (this.#key !== key) return;
          draw();
          this.#move(at);
        },
        () => {}, // without a kernel the stored value stays, marked ≈
      );
    const title = link ? linkLabel(network, link.of, link.target, link.source) : view.parameter;
    this.element.replaceChildren(
      html("div", "nwv-reading-title", title),
      value,
      chart,
      html("div", "nwv-reading-entry", cellName(context, cell)),
    );
  }

  move(k: number): void {
    if (this.#key) this.#move(k);
  }

  hide(): void {
    this.#key = "";
    this.element.hidden = true;
  }
}
