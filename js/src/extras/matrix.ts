// The matrix: parameters as cells, read as digits by two thresholds, or with their rows as images. Puts what is asked for,
// its numbers, its place and the reader's gestures together.
import { html, svg } from "../dom";
import type { Refresh } from "../panel/controls";
import { PALETTES, PAPERS } from "../scale";
import type { View, ViewContext } from "../views/context";
import { listen } from "../views/graph/gestures";
import { Figure } from "./figure";
import { actionsOf, type Showing } from "./matrix/actions";
import { Board, type Moment, type Pointed } from "./matrix/board";
import { areWritten, type Codes } from "./matrix/coded";
import { countCodes } from "./matrix/codes";
import { Digits } from "./matrix/digits";
import { Exhibit } from "./matrix/exhibit";
import { gridOfRows } from "./matrix/grids";
import { type Hues, huesOf } from "./matrix/hues";
import { intentsOf } from "./matrix/intents";
import { digitKeys, scaleKeys, showKeys } from "./matrix/keys";
import { type Marked, marksOf } from "./matrix/marks";
import css from "./matrix/matrix.css";
import { type Names, namesOf } from "./matrix/names";
import { Pointer } from "./matrix/pointer";
import { cellName, cellValue, Readout } from "./matrix/readout";
import { type Cell, cellsOf, type Piece, type Sheet, sheetFor } from "./matrix/sheet";
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
  readonly #pointer: Pointer;
  readonly #refreshTools: Refresh;
  readonly #line = html("output", "nwv-matrix-cell");
  readonly #legend = html("span", "nwv-keys");
  readonly #known = new Map<string, { sheet: Sheet; names: Names }>();
  #sheet: Sheet | null = null;
  #hues!: Hues;
  #marks: Marked[] = [];
  #shown = -1; // the checkpoint on the canvas
  #isHere = false;
  #isRough = false; // what is here
  #looks = "";
  readonly #tallies: Tallies;
  readonly #digits: Digits;
  #coded = 0; // digits of the codes that have their place

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    host.append(html("style", {}, css));
    this.#figure = new Figure(host, context, "matrix");
    this.#figure.keys.append(this.#legend, this.#line);
    this.#values = new Values(context, () => this.#arrived());
    this.#digits = new Digits(context, this.#values);
    this.#tallies = new Tallies(this.#values, () => this.#sheet && this.#tell());
    this.#board = new Board(this.#figure);
    this.#exhibit = new Exhibit(this.#figure, () => this.#draw());
    this.#readout = new Readout(host, { context, values: this.#values });
    const told = { hit: (x: number, y: number) => this.#hit(x, y), shown: () => this.#shown };
    this.#pointer = new Pointer(this.#figure, this.#readout, told);
    const actions = actionsOf(context, this.#pointer, this.#whatIsShown, () => this.#draw());
    this.#refreshTools = createTools(context, {
      thresholds: () => this.#digits.thresholds(this.#sheet, Math.max(0, this.#checkpoint)),
      zoom: (factor) => actions.zoom(factor, [this.#figure.size.width / 2, this.#figure.size.height / 2]),
      shown: () => this.#sheet?.name,
    });
    listen(this.#figure.stage, intentsOf(actions), context.signal);
  }

  get #isImages(): boolean {
    return this.#context.options().matrix === "portraits" && mainPiece(this.#sheet!).view.shape[1] > 1;
  }

  /** What is shown in the place of the others. */
  get #face(): Board | Exhibit {
    return this.#isImages ? this.#exhibit : this.#board;
  }

  #whatIsShown = (): Showing | null => {
    const [sheet, board, exhibit] = [this.#sheet, this.#board, this.#exhibit];
    return sheet && { sheet, board, exhibit, isImages: this.#isImages, marks: this.#marks };
  };

  get #pieces(): Piece[] {
    return this.#isImages ? [mainPiece(this.#sheet!)] : this.#sheet!.pieces;
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
    const whole = pieces.filter((piece) => !this.#values.isTiled(piece));
    for (const run of history.peers) run.want(whole.map(({ view }) => view.parameter));
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
      read: (piece, window) => this.#values.read(piece, k, window),
      domain: (piece) => this.#values.domain(piece, k).domain,
      codes: this.#digits.codes(this.#sheet!, k),
      isRough: this.#isRough,
    };
  }

  /** Whether all that is in sight satisfies. */
  #every(isSo: Values["isHere"], k: number): boolean {
    const all = this.#pieces.map((piece) => isSo(piece, k, this.#face.window(piece)));
    return all.every(Boolean); // all were asked for
  }

  #arrived(): void {
    if (!this.#sheet) return;
    this.#draw();
    this.#pointer.again();
  }

  drawFrame(): void {
    if (this.#sheet && this.#checkpoint !== this.#shown) this.#draw();
  }

  #draw(): void {
    const { history } = this.#context;
    const k = this.#checkpoint;
    if (!this.#sheet || k < 0) return;
    const isFine = this.#every(this.#values.isHere, k);
    this.#isRough = !isFine && !this.#isImages && this.#every(this.#values.isRough, k);
    this.#isHere = history.isReady(k) && history.hasValues && (isFine || this.#isRough);
    this.#shown = k;
    if (this.#isHere) {
      const moment = this.#moment(k);
      if (this.#coded !== (moment.codes?.list[0]?.length ?? 0)) this.#arrangeBoard(moment.codes);
      this.#face.draw(moment);
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
      const frame = this.#face.frame(rows, columns);
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
    const nOdd = this.#counts()?.reduce((n, piece) => n + (piece?.nOdd ?? 0), 0) ?? 0;
    const isRead = this.#context.options().matrix === "thresholds";
    const scales = () => this.#pieces.map((piece) => this.#values.domain(piece, k));
    const items = isRead
      ? digitKeys(this.#hues, this.#digits.thresholds(sheet, k), nOdd)
      : scaleKeys(this.#hues, scales(), nOdd);
    showKeys(this.#legend, items);
    const { network, selection } = this.#context;
    const [cell, another] = cellsOf(network, sheet, selection(), 2); // of a whole kernel the inspector tells
    this.#line.textContent =
      cell && !another
        ? `${cellName(this.#context, cell)} = ${cellValue({ context: this.#context, values: this.#values }, cell, k, null)}`
        : "";
    this.#context.changed();
  }

  /** Null where they are not here, or not known yet. */
  #counts(): Counts | null {
    return this.#isHere ? this.#tallies.at(this.#sheet!, this.#shown) : null;
  }

  #hit(x: number, y: number): Cell | null {
    if (!this.#sheet || !this.#isHere) return null;
    const { isTiled, isHere } = this.#values;
    const read: Pointed["read"] = (piece, window) =>
      isHere(piece, this.#shown, window) ? this.#values.read(piece, this.#shown, window) : undefined;
    return this.#face.hit(x, y, { read, isTiled });
  }

  /** Ahead of the playhead, two checkpoints are asked for. */
  isDrawn(k: number): boolean {
    const { nCheckpoints } = this.#context.history;
    const isThere = (at: number) =>
      !this.#sheet || at >= nCheckpoints || this.#every(this.#values.isHere, at);
    const isHere = isThere(k);
    if (isHere) isThere(k + 1);
    return isHere;
  }

  redraw = () => this.#draw();
  rest(): void {
    this.#board.forget();
    this.#values.rest();
  }

  resize(): void {
    if (this.#figure.measure() && this.#sheet) {
      this.#arrange();
      this.#draw();
    }
  }

  destroy(): void {
    this.#tallies.forget();
    this.#pointer.leave();
  }

  #state(): Shown {
    const sheet = this.#sheet!;
    const [k, isImages] = [this.#shown, this.#isImages];
    const tiled = sheet.pieces.find(this.#values.isTiled);
    const codes = this.#isHere ? this.#digits.codes(sheet, k) : null;
    return {
      sheet,
      k,
      isHere: this.#isHere,
      isRough: this.#isRough,
      isTiled: tiled !== undefined,
      counts: this.#counts(),
      shared: this.#face.shared(tiled ? this.#board.window(tiled).shared : [1, 1]),
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
