// The rows of a matrix as a sheet of small images, each with its name and its range; scrolled where there are many.
import { type Attributes, html, svg } from "../../dom";
import { type Grid, gridWords } from "../../portraits";
import { formatValue } from "../../scale";
import { clip, text } from "../../views/graph/label";
import type { Figure } from "../figure";
import type { Moment } from "./board";
import { channelAxes, cornerOf, entryAt, type Sheets, sheetsOf } from "./grids";
import { type Hues, inkOf } from "./hues";
import type { Names } from "./names";
import { type Source, spread, strongest, tally } from "./paint";
import { mostShared, slotsOf } from "./place";
import type { Cell, Piece, Sheet } from "./sheet";
import { type Window, wholeOf } from "./tiles";
import type { Images } from "./words";

const MOST_ZOOM = 6;

export class Exhibit {
  readonly #figure: Figure;
  readonly #spacer = html("div", {});
  /** What is scrolled; the images are drawn below it, as far as they are in sight. */
  readonly scroller = html("div", { class: "nwv-matrix-scroll", hidden: true }, this.#spacer);
  piece!: Piece;
  grid!: Grid;
  #names!: Names;
  #hues!: Hues;
  #sheets!: Sheets;
  #k = 1;

  constructor(figure: Figure, scrolled: () => void) {
    this.#figure = figure;
    figure.stage.append(this.scroller);
    this.scroller.addEventListener("scroll", scrolled);
  }

  show(piece: Piece, grid: Grid, names: Names, hues: Hues): void {
    [this.piece, this.grid, this.#names, this.#hues] = [piece, grid, names, hues];
    this.#arrange();
  }

  #arrange(): void {
    const { width, height } = this.#figure.size;
    const arrange = (aside: number) =>
      sheetsOf(this.#n, this.grid, { width: width - aside, height }, this.#k);
    this.#sheets = arrange(8);
    if (this.#sheets.total > height) this.#sheets = arrange(22); // beside the scroll bar
    this.#spacer.style.height = `${this.#sheets.total}px`;
  }

  get #n(): number {
    return this.piece.view.shape[0];
  }

  zoomBy(factor: number, _?: [number, number]): void {
    this.#k = Math.max(1, Math.min(MOST_ZOOM, this.#k * factor));
    this.#arrange();
  }

  fit(): void {
    this.#k = 1;
    this.#arrange();
  }

  get nAcross(): number {
    return this.#sheets.nAcross;
  }

  get #top(): number {
    return this.scroller.scrollTop;
  }

  #inSight(): number[] {
    const { height, nAcross } = this.#sheets;
    const first = Math.max(0, Math.floor(this.#top / height)) * nAcross;
    const last = Math.ceil((this.#top + this.#figure.size.height) / height) * nAcross;
    return Array.from({ length: Math.max(0, Math.min(this.#n, last) - first) }, (_, i) => first + i);
  }

  /** What is shown and what is not. */
  shown({ pieces }: Sheet): Images {
    return {
      grid: gridWords({ ...this.grid, isGuessed: false }),
      isGuessed: this.grid.isGuessed,
      of: this.piece.title,
      inSight: this.#inSight().length,
      n: this.#n,
      hasBiases: pieces.some(({ isBias }) => isBias),
    };
  }

  /** Entries that share a pixel: rows and columns of an image. */
  shared(_: [number, number]): [number, number] {
    const { rows, columns } = channelAxes(this.#sheets, this.grid, 0);
    const { ratio } = this.#figure.size;
    const count = (axis: typeof rows) => mostShared(slotsOf(axis, 0, Math.ceil(axis.length * ratio), ratio));
    return [count(rows), count(columns)];
  }

  /** What is in sight of the piece. */
  window(_: Piece = this.piece): Window {
    const rows = this.#inSight();
    const [first, last] = [rows[0] ?? 0, rows[rows.length - 1] ?? 0];
    return { ...wholeOf(this.piece), rows: [first, last + 1] };
  }

  draw(moment: Moment): void {
    const brush = this.#figure.brush();
    const { ratio } = this.#figure.size;
    const source = moment.read(this.piece, this.window());
    const group = svg("g", "nwv-matrix-names");
    const ink = inkOf(this.#hues, moment.domain(this.piece), moment.codes?.thresholds ?? null);
    for (const row of source ? this.#inSight() : []) {
      const [x, top] = cornerOf(this.#sheets, row);
      const y = top - this.#top;
      const image = this.#image(source!, row, ink);
      brush.putImageData(image, Math.round(x * ratio), Math.round(y * ratio));
      const { low, high, nOdd } = tally(
        { ...source!, offset: source!.offset + row * source!.rowStride },
        [1, this.piece.view.shape[1]],
        Number.POSITIVE_INFINITY,
      );
      const { width, height } = this.#sheets.image;
      const frame: Attributes = { x: x - 0.5, y: y - 0.5, width: width + 1, height: height + 1 };
      const range = low <= high ? `${formatValue(low)} … ${formatValue(high)}` : "no finite value";
      group.append(
        svg("rect", { ...frame, class: "nwv-matrix-frame" }),
        text(clip(this.#names.rowName(row), this.#sheets.width - 10), {
          x,
          y: y + height + 13,
          class: "nwv-matrix-of",
        }),
        text(`${range}${nOdd ? `, ${nOdd} odd` : ""}`, {
          x,
          y: y + height + 25,
          class: "nwv-matrix-range",
        }),
      );
    }
    if (!source) group.append(text("not recorded here", { x: 8, y: 20, class: "nwv-matrix-lost" }));
    this.#figure.svg.replaceChildren(group);
  }

  #image({ data, offset, rowStride, columnStride }: Source, row: number, ink: (value: number) => number) {
    const { ratio } = this.#figure.size;
    const { width, height } = this.#sheets.image;
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    const pixels = new Uint32Array(w * h);
    const { rows: nRows, columns: nColumns, channels } = this.grid;
    for (let channel = 0; channel < channels; channel++) {
      const axes = channelAxes(this.#sheets, this.grid, channel);
      const [rows, columns] = [slotsOf(axes.rows, 0, h, ratio), slotsOf(axes.columns, 0, w, ratio)];
      const values = new Float32Array(rows.first.length * columns.first.length);
      const start = offset + row * rowStride + channel * nRows * nColumns * columnStride;
      const source: Source = { data, offset: start, rowStride: nColumns * columnStride, columnStride };
      strongest(source, rows, columns, [0, nColumns], values);
      spread(values, rows, columns, Array(columns.first.length).fill(ink), pixels);
    }
    return new ImageData(new Uint8ClampedArray(pixels.buffer), w, h);
  }

  hit(x: number, y: number, _?: unknown): Cell | null {
    const at = entryAt(this.#sheets, this.grid, this.#n, [x, y + this.#top]);
    return at && { piece: this.piece, row: at.row, column: at.column ?? 0 };
  }

  frame([row]: [number, number], _?: [number, number]): SVGElement {
    const [x, y] = cornerOf(this.#sheets, row);
    const { width, height } = this.#sheets.image;
    const at: Attributes = { x: x - 2, y: y - this.#top - 2, width: width + 4, height: height + 4 };
    return svg("rect", { ...at, class: "nwv-matrix-mark", rx: 1 });
  }

  reveal({ row }: Cell): void {
    const [, y] = cornerOf(this.#sheets, row);
    const { height } = this.#figure.size;
    if (y < this.#top + 4) this.scroller.scrollTop = y - 4;
    else if (y + this.#sheets.height > this.#top + height)
      this.scroller.scrollTop = y + this.#sheets.height - height;
  }
}
