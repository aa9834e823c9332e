// The matrix: parameters as cells, read as digits by two thresholds, or with their rows as images. Puts what is asked for,
// its numbers, its place and the reader's gestures together.
import type { Selection } from "../describe";
import { html, svg } from "../dom";
import type { Refresh } from "../panel/controls";
import { PALETTES, PAPERS } from "../scale";
import type { View, ViewContext } from "../views/context";
import { listen } from "../views/graph/gestures";
import { Figure } from "./figure";
import { Board, type Moment } from "./matrix/board";
import { areWritten, type Codes } from "./matrix/coded";
import { countCodes } from "./matrix/codes";
import { Digits } from "./matrix/digits";
import { Exhibit } from "./matrix/exhibit";
import { gridOfRows } from "./matrix/grids";
import { type Hues, huesOf } from "./matrix/hues";
import { type Actions, intentsOf } from "./matrix/intents";
import { digitKeys, scaleKeys, showKeys } from "./matrix/keys";
import { WHOLE } from "./matrix/layout";
import { type Marked, marksOf, nextCell, rowSelectionOf, selectionOf } from "./matrix/marks";
import css from "./matrix/matrix.css";
import { type Names, namesOf } from "./matrix/names";
import { cellName, cellValue, Readout } from "./matrix/readout";
import { type Cell, cellsOf, type Sheet, sheetFor } from "./matrix/sheet";
import { type Counts, Tallies } from "./matrix/tallies";
import { createTools } from "./matrix/tools";
import { mainPiece } from "./matrix/units";
import { Values } from "./matrix/values";
import { matrixCaption, matrixSummary, type Shown } from "./matrix/words";

class Matrix implements View {
  readonly #context: ViewContext;
  readonly #figure: Figure;
  readonly #values: Values;
  readonly #board: Board;
  readonly #exhibit: Exhibit;
  readonly #readout: Readout;
  readonly #refreshTools: Refresh;
  readonly #line = html("output", "nwv-matrix-cell");
  readonly #legend = html("span", "nwv-keys");
  readonly #known = new Map<string, { sheet: Sheet; names: Names }>();
  #sheet: Sheet | null = null;
  #hues!: Hues;
  #marks: Marked[] = [];
  #shown = -1; // the checkpoint on the canvas
  #isHere = false;
  #looks = "";
  readonly #tallies: Tallies;
  readonly #digits: Digits;
  #coded = 0; // digits of the codes that have their place

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    host.append(html("style", {}, css));
    this.#figure = new Figure(host, context, "matrix");
    this.#figure.keys.append(this.#legend, this.#line);
    this.#values = new Values(context);
    this.#digits = new Digits(context, this.#values);
    this.#tallies = new Tallies(this.#values, () => this.#sheet && this.#tell());
    this.#board = new Board(this.#figure);
    this.#exhibit = new Exhibit(this.#figure, () => this.#draw());
    this.#readout = new Readout(host, context);
    this.#refreshTools = createTools(context, {
      thresholds: () => this.#digits.thresholds(this.#sheet, Math.max(0, this.#checkpoint)),
      zoom: (factor) => this.#zoom(factor, [this.#figure.size.width / 2, this.#figure.size.height / 2]),
      shown: () => this.#sheet?.name,
    });
    listen(this.#figure.stage, intentsOf(this.#actions()), context.signal);
  }

  get #isImages(): boolean {
    return this.#context.options().matrix === "portraits" && mainPiece(this.#sheet!).view.shape[1] > 1;
  }

  get #checkpoint(): number {
    const { clock, history } = this.#context;
    return Math.min(clock.checkpoint, history.nCheckpoints - 1);
  }

  update(): void {
    const { network, history, options, selection, isDark } = this.#context;
    const found = sheetFor(network, options().of, selection());
    const isOther = this.#figure.measure();
    this.#sheet = found && (this.#known.get(found.name)?.sheet ?? found);
    if (!this.#sheet) {
      this.#empty();
      return;
    }
    const { name, pieces } = this.#sheet;
    if (!this.#known.has(name))
      this.#known.set(name, { sheet: this.#sheet, names: namesOf(network, this.#sheet) });
    for (const run of history.peers) run.want(pieces.map(({ view }) => view.parameter));
    this.#marks = marksOf(network, this.#sheet, selection());
    const data = history.peers.map(({ revision, nCheckpoints, store }) => [
      revision,
      nCheckpoints,
      store.nBytes,
    ]);
    const looks = JSON.stringify([name, options(), isDark(), data]);
    if (looks !== this.#looks || isOther) {
      this.#looks = looks;
      this.#tallies.forget();
      this.#digits.forget();
      this.#values.update();
      const theme = isDark() ? "dark" : "light";
      this.#hues = huesOf(PALETTES[theme], PAPERS[theme]);
      this.#arrange();
    }
    this.#refreshTools();
    this.#draw();
  }

  /** There is nothing of the name that is asked for. */
  #empty(): void {
    this.#shown = -1;
    this.#looks = "";
    this.#figure.brush();
    this.#figure.svg.replaceChildren();
    this.#refreshTools();
    this.#context.changed();
  }

  /** Give everything its place. */
  #arrange(): void {
    const sheet = this.#sheet!;
    const { names } = this.#known.get(sheet.name)!;
    const piece = mainPiece(sheet);
    this.#exhibit.scroller.hidden = !this.#isImages;
    this.#exhibit.show(piece, gridOfRows(this.#context.network, piece), names, this.#hues);
    this.#arrangeBoard(null);
  }

  /** Codes take room, which depends on how long they are. */
  #arrangeBoard(codes: Codes | null): void {
    this.#coded = codes?.list[0]?.length ?? 0;
    const sheet = this.#sheet!;
    if (!this.#isImages) this.#board.show(sheet, this.#known.get(sheet.name)!.names, this.#hues, codes);
  }

  #moment(k: number): Moment {
    return {
      k,
      read: (piece) => this.#values.read(piece, k),
      domain: (piece) => this.#values.domain(piece, k).domain,
      codes: this.#digits.codes(this.#sheet!, k),
    };
  }

  drawFrame(): void {
    if (this.#sheet && this.#checkpoint !== this.#shown) this.#draw();
  }

  #draw(): void {
    const { history } = this.#context;
    const k = this.#checkpoint;
    if (!this.#sheet || k < 0) return;
    this.#isHere = history.isReady(k) && history.hasValues;
    this.#shown = k;
    if (this.#isHere) {
      const moment = this.#moment(k);
      if (this.#coded !== (moment.codes?.list[0]?.length ?? 0)) this.#arrangeBoard(moment.codes);
      (this.#isImages ? this.#exhibit : this.#board).draw(moment);
    } else {
      const words = `checkpoint ${k + 1} is still with the kernel`;
      this.#figure.brush();
      this.#figure.svg.replaceChildren(svg("text", { x: 12, y: 24, class: "nwv-matrix-lost" }, words));
      this.#coded = -1; // the places are to be drawn again
    }
    this.#figure.stage.dataset.picture = this.#isHere ? String(k) : "";
    this.#mark();
    this.#tell();
    this.#readout.move(k);
  }

  #mark(): void {
    const frames = this.#marks.flatMap(({ rows, columns, isUnit }) => {
      const frame = this.#isImages ? this.#exhibit.frame(rows[0]) : this.#board.frame(rows, columns);
      frame?.classList.toggle("nwv-matrix-unit", isUnit);
      return frame && (!this.#isImages || rows[1] === 1) ? [frame] : [];
    });
    const { svg: marked } = this.#figure;
    for (const old of marked.querySelectorAll(".nwv-matrix-mark")) old.remove();
    marked.append(...frames);
  }

  /** Legend, caption, and what the selected cell is. */
  #tell(): void {
    const sheet = this.#sheet!;
    const k = this.#shown;
    const pieces = this.#isImages ? [mainPiece(sheet)] : sheet.pieces;
    const nOdd = this.#counts()?.reduce((n, piece) => n + (piece?.nOdd ?? 0), 0) ?? 0;
    const isRead = this.#context.options().matrix === "thresholds";
    const scales = () => pieces.map((piece) => this.#values.domain(piece, k));
    const items = isRead
      ? digitKeys(this.#hues, this.#digits.thresholds(sheet, k), nOdd)
      : scaleKeys(this.#hues, scales(), nOdd);
    showKeys(this.#legend, items);
    const { network, selection } = this.#context;
    const [cell, another] = cellsOf(network, sheet, selection(), 2); // of a whole kernel the inspector tells
    this.#line.textContent =
      cell && !another ? `${cellName(this.#context, cell)} = ${cellValue(this.#context, cell, k, null)}` : "";
    this.#context.changed();
  }

  /** Null where they are not here, or not known yet. */
  #counts(): Counts | null {
    return this.#isHere ? this.#tallies.at(this.#sheet!, this.#shown) : null;
  }

  #zoom(factor: number | "fit", at: [number, number]): void {
    if (!this.#sheet) return;
    this.#hover(null, 0, 0);
    if (this.#isImages) factor === "fit" ? this.#exhibit.fit() : this.#exhibit.zoomBy(factor);
    else if (factor === "fit") this.#board.setZoom(WHOLE);
    else this.#board.zoomBy(factor, at);
    this.#draw();
  }

  #hit(x: number, y: number): Cell | null {
    if (!this.#sheet || !this.#isHere) return null;
    return this.#isImages
      ? this.#exhibit.hit(x, y)
      : this.#board.hit(x, y, (piece) => this.#values.read(piece, this.#shown));
  }

  #hover(cell: Cell | null, x: number, y: number): void {
    this.#figure.stage.style.cursor = cell ? "pointer" : "";
    this.#readout.point(cell, this.#shown, [x, y]);
  }

  #select(cell: Cell | null): void {
    const { network, select, selection } = this.#context;
    const next: Selection | null = cell && (this.#isImages ? rowSelectionOf : selectionOf)(network, cell);
    select(JSON.stringify(next) === JSON.stringify(selection()) ? null : next);
  }

  /** To the next cell, or image, by keyboard. */
  #walk(down: number, across: number): void {
    const sheet = this.#sheet;
    if (!sheet) return;
    const isImages = this.#isImages;
    const step = isImages ? { down: across + down * this.#exhibit.nAcross, across: 0 } : { down, across };
    const cell = nextCell(sheet, this.#marks[0], step);
    if (isImages) this.#exhibit.reveal(cell.row);
    else this.#board.reveal(cell);
    const about = isImages ? { piece: mainPiece(sheet), row: cell.row, column: 0 } : cell;
    this.#context.select((isImages ? rowSelectionOf : selectionOf)(this.#context.network, about));
  }

  #actions(): Actions {
    return {
      point: (x, y) => this.#hover(this.#hit(x, y), x, y),
      leave: () => this.#hover(null, 0, 0),
      press: (x, y) => this.#select(this.#hit(x, y)),
      pan: (dx, dy) => {
        if (!this.#sheet || this.#isImages) return;
        this.#hover(null, 0, 0);
        this.#board.pan(dx, dy);
        this.#draw();
      },
      zoom: (factor, at) => this.#zoom(factor, at),
      walk: (down, across) => this.#walk(down, across),
      clear: () => this.#context.select(null),
      isZoomed: () => this.#sheet !== null && !this.#isImages && this.#board.isZoomed,
    };
  }

  isDrawn = () => true;
  redraw = () => this.#draw();
  rest = () => this.#board.forget();

  resize(): void {
    if (this.#figure.measure() && this.#sheet) {
      this.#arrange();
      this.#draw();
    }
  }

  destroy(): void {
    this.#tallies.forget();
    this.#hover(null, 0, 0);
  }

  #state(): Shown {
    const sheet = this.#sheet!;
    const [k, isImages] = [this.#shown, this.#isImages];
    const codes = this.#isHere ? this.#digits.codes(sheet, k) : null;
    return {
      sheet,
      k,
      isHere: this.#isHere,
      counts: this.#counts(),
      shared: isImages ? this.#exhibit.shared : this.#board.shared,
      codes: codes && {
        ...countCodes(codes.list),
        ...codes,
        isWritten: !isImages && areWritten(codes, this.#board.placed),
      },
      images: isImages ? this.#exhibit.shown(sheet) : null,
    };
  }

  caption(): string {
    const { of } = this.#context.options();
    if (!this.#sheet) return of ? `nothing here is called “${of[0]}”` : "there are no weights";
    return matrixCaption(this.#context, this.#state());
  }

  summary(): string {
    if (!this.#sheet) return this.caption();
    const text = matrixSummary(this.#context, this.#state());
    this.#figure.stage.setAttribute("aria-label", text);
    return text;
  }
}

export const createMatrix = (host: HTMLElement, context: ViewContext): View => new Matrix(host, context);
