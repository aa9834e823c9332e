// A matrix as cells: its place on the figure, its pixels at a checkpoint, and what is at a point of it.
import { type Attributes, svg } from "../../dom";
import { text } from "../../views/graph/label";
import type { Figure } from "../figure";
import { type Codes, drawCodes, roomOfCodes } from "./coded";
import { digitOf } from "./codes";
import { type Hues, inkOf } from "./hues";
import { type Placed, place, revealed, WHOLE, type Zoom, zoomAbout } from "./layout";
import { drawNames, type Names } from "./names";
import { entriesOf, type Ink, type Source, spread, strongest, valueAt } from "./paint";
import { type Axis, mostShared, type Slots, slotsOf } from "./place";
import { type Cell, cellAt, type Piece, type Sheet } from "./sheet";
import type { Window } from "./tiles";
import { drawNumbers } from "./written";

/** What is drawn at a checkpoint. */
export interface Moment {
  k: number;
  read(piece: Piece, window: Window): Source | null;
  domain(piece: Piece): number;
  isRough: boolean; // finer values are on their way
  codes: Codes | null; // where weights are read by thresholds
}

/** What is known of the cells at a point. */
export interface Pointed {
  /** Undefined while they are not known one by one. */
  read(piece: Piece, window: Window): Source | null | undefined;
  isTiled(piece: Piece): boolean;
}

const MOST_KEPT = 48e6; // bytes of pictures that are kept

export class Board {
  readonly #figure: Figure;
  #sheet!: Sheet;
  #names!: Names;
  #hues!: Hues;
  placed!: Placed;
  #room!: Parameters<typeof place>[1];
  #rows!: Slots;
  #columns!: Slots;
  #zoom: Zoom = WHOLE;
  readonly #kept = new Map<string, ImageData>();
  readonly #overlay = svg("g", {});

  constructor(figure: Figure) {
    this.#figure = figure;
  }

  /** Another sheet, size or look; `looks` is another text then. */
  show(sheet: Sheet, names: Names, hues: Hues, codes: Codes | null): void {
    if (sheet.name !== this.#sheet?.name) this.#zoom = WHOLE;
    [this.#sheet, this.#names, this.#hues] = [sheet, names, hues];
    const { width, height } = this.#figure.size;
    const about = { left: names.room.left, top: names.room.top, right: 10, bottom: 6 };
    this.#room = { width, height, ...about, ...roomOfCodes(codes, about) };
    this.#arrange();
  }

  /** Pictures that were made are of other data or looks. */
  forget(): void {
    this.#kept.clear();
  }

  get zoom(): Zoom {
    return this.placed.zoom;
  }

  #place = (zoom: Zoom): Placed =>
    place({ rows: this.#names.rows, columns: this.#names.columns }, this.#room, zoom);

  #arrange(): void {
    this.placed = this.#place(this.#zoom);
    this.#zoom = this.placed.zoom;
    const { box, rows, columns } = this.placed;
    const { ratio } = this.#figure.size;
    const pixels = (length: number) => Math.max(1, Math.round(length * ratio));
    this.#rows = slotsOf(rows, box.top, pixels(box.bottom - box.top), ratio);
    this.#columns = slotsOf(columns, box.left, pixels(box.right - box.left), ratio);
    this.#kept.clear();
    const frame: Attributes = {
      x: box.left,
      y: box.top,
      width: box.right - box.left,
      height: box.bottom - box.top,
    };
    this.#figure.svg.replaceChildren(drawNames(this.#names, this.placed), this.#overlay);
    this.#figure.svg.prepend(svg("rect", { ...frame, class: "nwv-matrix-frame" }));
  }

  get isZoomed(): boolean {
    return this.#zoom.k > 1;
  }

  #setZoom(zoom: Zoom): void {
    this.#zoom = zoom;
    this.#arrange();
  }

  fit(): void {
    this.#setZoom(WHOLE);
  }

  zoomBy(factor: number, at: [number, number]): void {
    this.#setZoom(zoomAbout(this.placed, factor, at, this.#place));
  }

  pan(dx: number, dy: number): void {
    this.#setZoom({ k: this.#zoom.k, x: this.#zoom.x + dx, y: this.#zoom.y + dy });
  }

  reveal({ piece, row, column }: Cell): void {
    const zoom = revealed(this.placed, row, piece.first + column);
    if (zoom.x !== this.#zoom.x || zoom.y !== this.#zoom.y) this.#setZoom(zoom);
  }

  /** Rows and columns that share a pixel, at most, where so many share an entry. */
  shared([down, across]: [rows: number, columns: number]): [rows: number, columns: number] {
    const most = (slots: Slots, n: number) => n * mostShared(entriesOf(slots, n, 0));
    return [most(this.#rows, down), most(this.#columns, across)];
  }

  /** What is in sight of a piece. */
  window({ first, view }: Piece): Window {
    const { ratio } = this.#figure.size;
    const share = ({ size }: Axis) => 2 ** Math.max(0, Math.floor(-Math.log2(size * ratio)));
    const seen = (slots: Slots, start: number, n: number): [number, number] => {
      const [from, to] = [slots.first[0] ?? 0, slots.last[slots.last.length - 1] ?? 1];
      const low = Math.max(0, Math.min(n - 1, from - start));
      return [low, Math.max(low + 1, Math.min(n, to - start))];
    };
    return {
      rows: seen(this.#rows, 0, view.shape[0]),
      columns: seen(this.#columns, first, view.shape[1]),
      shared: [share(this.placed.rows), share(this.placed.columns)],
    };
  }

  /** What each slot shows; pieces that are not there leave theirs as they are. */
  #values(moment: Moment): Float32Array {
    const values = new Float32Array(this.#rows.first.length * this.#columns.first.length);
    for (const piece of this.#sheet.pieces) {
      const source = moment.read(piece, this.window(piece));
      const span: [number, number] = [piece.first, piece.first + piece.view.shape[1]];
      if (source) strongest(source, this.#rows, this.#columns, span, values);
    }
    return values;
  }

  /** How the values of each piece get their colours; null where it is not there. */
  #inks({ read, domain, codes }: Moment): Map<Piece, Ink | null> {
    const thresholds = codes?.thresholds ?? null;
    return new Map(
      this.#sheet.pieces.map((piece) => [
        piece,
        read(piece, this.window(piece)) && inkOf(this.#hues, domain(piece), thresholds),
      ]),
    );
  }

  #picture(moment: Moment, inks: Map<Piece, Ink | null>): ImageData {
    const key = `${moment.k} ${moment.codes?.thresholds}`;
    const known = this.#kept.get(key);
    if (known) return known;
    const [width, height] = [this.#columns.of.length, this.#rows.of.length];
    const pixels = new Uint32Array(width * height);
    const pieceAt = (column: number) => this.#sheet.pieces.findLast(({ first }) => first <= column)!;
    const byColumn = Array.from(this.#columns.first, (column) => inks.get(pieceAt(column))!);
    spread(this.#values(moment), this.#rows, this.#columns, byColumn, pixels);
    const image = new ImageData(new Uint8ClampedArray(pixels.buffer), width, height);
    const most = Math.max(1, Math.floor(MOST_KEPT / pixels.byteLength));
    if (this.#kept.size >= most) this.#kept.delete(this.#kept.keys().next().value!);
    if (!moment.isRough && ![...inks.values()].includes(null)) this.#kept.set(key, image);
    return image;
  }

  draw(moment: Moment): void {
    const brush = this.#figure.brush();
    const { box, rows, columns } = this.placed;
    const { ratio } = this.#figure.size;
    const inks = this.#inks(moment);
    const corner = [box.left, box.top].map((at) => Math.round(at * ratio));
    brush.putImageData(this.#picture(moment, inks), corner[0], corner[1]);
    const { codes, read } = moment;
    drawNumbers(brush, this.placed, {
      cellAt: (row, column) => cellAt(this.#sheet, row, column),
      read: (piece) => read(piece, this.window(piece)),
      inks,
      digit: codes && ((value) => digitOf(value, codes.thresholds)),
    });
    const lost = this.#sheet.pieces.filter((piece) => !inks.get(piece));
    const said = lost.map(({ first }) => {
      const at = { x: Math.max(box.left, columns.from(first)) + 6, y: Math.max(box.top, rows.from(0)) + 16 };
      return text("not recorded here", { ...at, class: "nwv-matrix-lost" });
    });
    this.#overlay.replaceChildren(...said, ...(codes ? drawCodes(codes, this.placed) : []));
  }

  /** The cell at a point: of those that share its pixel the one that shows. Null while they are not known one by one. */
  hit(x: number, y: number, { read, isTiled }: Pointed): Cell | null {
    const { box, rows, columns } = this.placed;
    if (x < box.left || x >= box.right || y < box.top || y >= box.bottom) return null;
    const { ratio } = this.#figure.size;
    const slotAt = (slots: Slots, pixel: number, low: number) =>
      slots.of[Math.floor((pixel - low) * ratio)] ?? -1;
    const slots = { row: slotAt(this.#rows, y, box.top), column: slotAt(this.#columns, x, box.left) };
    const column = this.#columns.first[slots.column] ?? columns.at(x);
    const piece = cellAt(this.#sheet, this.#rows.first[slots.row] ?? rows.at(y), column)?.piece;
    if (!piece) return null;
    const { first, view } = piece;
    const n = isTiled(piece) ? this.window(piece).shared : [1, 1];
    const cells = (all: Slots, slot: number, axis: 0 | 1, alone: number): [number, number] => {
      const start = axis * first;
      if (slot < 0) return [alone - start, alone - start + 1]; // on a seam
      const { first: from, last: to } = entriesOf(all, n[axis], start);
      return [(from[slot] - start) * n[axis], Math.min(view.shape[axis], (to[slot] - start) * n[axis])];
    };
    const [row0, row1] = cells(this.#rows, slots.row, 0, rows.at(y));
    const [column0, column1] = cells(this.#columns, slots.column, 1, columns.at(x));
    const source = read(piece, { rows: [row0, row1], columns: [column0, column1], shared: [1, 1] });
    if (source === undefined) return null;
    let [best, most]: [Cell | null, number] = [null, -1];
    for (let row = row0; row < row1; row++)
      for (let column = column0; column < column1; column++) {
        const value = source ? valueAt(source, row, column) : 0;
        const size = Number.isFinite(value) ? Math.abs(value) : Infinity;
        if (size > most) [best, most] = [{ piece, row, column }, size];
      }
    return best;
  }

  /** A frame about cells that lie together; null where they are out of sight. */
  frame([row, nRows]: [number, number], [column, nColumns]: [number, number]): SVGElement | null {
    const { box, rows, columns } = this.placed;
    const [x0, y0] = [columns.from(column), rows.from(row)];
    const [x1, y1] = [
      columns.from(column + nColumns - 1) + columns.size,
      rows.from(row + nRows - 1) + rows.size,
    ];
    if (x1 < box.left || x0 > box.right || y1 < box.top || y0 > box.bottom) return null;
    const clip = (at: number, low: number, high: number) => Math.max(low - 2, Math.min(high + 2, at));
    const [left, right] = [clip(x0 - 1, box.left, box.right), clip(x1, box.left, box.right)];
    const [top, bottom] = [clip(y0 - 1, box.top, box.bottom), clip(y1, box.top, box.bottom)];
    const [width, height] = [Math.max(4, right - left), Math.max(4, bottom - top)];
    return svg("rect", { x: left, y: top, width, height, class: "nwv-matrix-mark", rx: 1 });
  }
}
