// The matrix: parameters as cells, read as digits by two thresholds, or with their rows as images. Puts what is asked for,
// its numbers, its place and the reader's gestures together.
import { isLink, type Selection } from "../describe";
import { html } from "../dom";
import type { Refresh } from "../panel/controls";
import { gridWords } from "../portraits";
import { formatValue, PALETTES, PAPERS } from "../scale";
import type { View, ViewContext } from "../views/context";
import { type Intents, listen } from "../views/graph/gestures";
import { Figure } from "./figure";
import { Board, type Moment } from "./matrix/board";
import { areWritten, type Codes } from "./matrix/coded";
import { codesOf, countCodes, type Thresholds } from "./matrix/codes";
import { Exhibit } from "./matrix/exhibit";
import { gridOfRows } from "./matrix/grids";
import { type Hues, huesOf } from "./matrix/hues";
import { digitKeys, scaleKeys } from "./matrix/keys";
import { WHOLE } from "./matrix/layout";
import { type Marked, marksOf, rowSelectionOf, selectionOf } from "./matrix/marks";
import css from "./matrix/matrix.css";
import { type Names, namesOf } from "./matrix/names";
import { type Tally, tally } from "./matrix/paint";
import { cellName, cellValue, Readout } from "./matrix/readout";
import { type Cell, cellAt, cellsOf, type Sheet, sheetFor } from "./matrix/sheet";
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
  #names!: Names;
  #hues!: Hues;
  #marks: Marked[] = [];
  #shown = -1; // the checkpoint on the canvas
  #isHere = false;
  #looks = "";
  readonly #tallies = new Map<number, (Tally | null)[]>();
  #told = "";

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    host.append(html("style", {}, css));
    this.#figure = new Figure(host, context, "matrix");
    this.#figure.keys.append(this.#legend, this.#line);
    this.#values = new Values(context);
    this.#board = new Board(this.#figure);
    this.#exhibit = new Exhibit(this.#figure, () => this.#draw());
    this.#readout = new Readout(host, context);
    this.#refreshTools = createTools(context, {
      thresholds: () => this.#thresholds(),
      zoom: (factor) => this.#zoom(factor, this.#middle()),
      shown: () => this.#sheet?.name,
    });
    listen(this.#figure.stage, this.#intents(), context.signal);
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
    const { of } = options();
    const found = sheetFor(network, of, selection());
    this.#figure.measure();
    if (!found) {
      this.#sheet = null;
      this.#shown = -1;
      this.#figure.brush();
      this.#figure.svg.replaceChildren();
      this.#refreshTools();
      this.#context.changed();
      return;
    }
    let known = this.#known.get(found.name);
    if (!known) {
      known = { sheet: found, names: namesOf(network, found) };
      this.#known.set(found.name, known);
    }
    ({ sheet: this.#sheet, names: this.#names } = known);
    for (const run of history.peers) run.want(known.sheet.pieces.map(({ view }) => view.parameter));
    this.#values.update();
    this.#tallies.clear();
    const theme = isDark() ? "dark" : "light";
    this.#hues = huesOf(PALETTES[theme], PAPERS[theme]);
    this.#marks = marksOf(network, known.sheet, selection());
    this.#arrange();
    this.#refreshTools();
    this.#draw();
  }

  /** Give everything its place. */
  #arrange(): void {
    const sheet = this.#sheet!;
    const piece = mainPiece(sheet);
    const isImages = this.#isImages;
    this.#exhibit.scroller.hidden = !isImages;
    if (isImages)
      this.#exhibit.show(piece, gridOfRows(this.#context.network, piece), this.#names, this.#hues);
    else this.#board.show(sheet, this.#names, this.#hues, this.#isHere ? this.#codes(this.#shown) : null);
    const { scale, quantity, reference, matrix } = this.#context.options();
    this.#looks = JSON.stringify([sheet.name, scale, quantity, reference, matrix, this.#hues.paper]);
  }

  #thresholds(): Thresholds {
    const { thresholds } = this.#context.options();
    if (thresholds || !this.#sheet) return thresholds ?? [0, 0];
    const k = Math.max(0, this.#checkpoint);
    const half = Number((this.#values.domain(mainPiece(this.#sheet), k).domain / 2).toPrecision(3));
    return [-half, half];
  }

  /** The codes of rows or columns at a checkpoint, without biases; null where weights are not read as digits. */
  #codes(k: number): Codes | null {
    const { matrix, codes: along } = this.#context.options();
    if (matrix !== "thresholds") return null;
    const pieces = this.#sheet!.pieces.filter(({ isBias }) => !isBias);
    const thresholds = this.#thresholds();
    const read = pieces.flatMap((piece) => {
      const source = this.#values.read(piece, k);
      return source ? [{ source, shape: piece.view.shape }] : [];
    });
    const list = read.length === pieces.length ? codesOf(read, thresholds, along) : [];
    const columns = pieces.flatMap(({ first, view }) =>
      Array.from({ length: view.shape[1] }, (_, i) => first + i),
    );
    return { thresholds, along, list, columns };
  }

  #moment(k: number): Moment {
    return {
      k,
      read: (piece) => this.#values.read(piece, k),
      domain: (piece) => this.#values.domain(piece, k).domain,
      codes: this.#codes(k),
    };
  }

  drawFrame(): void {
    if (this.#sheet && this.#checkpoint !== this.#shown) this.#draw();
  }

  #draw(): void {
    const { history, changed } = this.#context;
    const k = this.#checkpoint;
    if (!this.#sheet || k < 0) return;
    const wasHere = this.#isHere;
    this.#isHere = history.isReady(k) && history.hasValues;
    this.#shown = k;
    if (!this.#isHere) {
      this.#figure.brush();
      this.#figure.stage.dataset.picture = "";
    } else {
      const moment = this.#moment(k);
      if (!this.#isImages && (!wasHere || moment.codes)) this.#arrangeCodes(moment.codes);
      (this.#isImages ? this.#exhibit : this.#board).draw(moment);
      this.#figure.stage.dataset.picture = String(k);
    }
    this.#mark();
    this.#tell();
    this.#readout.move(k);
    changed();
  }

  /** Codes take room, which depends on how long they are. */
  #arrangeCodes(codes: Codes | null): void {
    const key = `${codes?.along} ${codes?.list[0]?.length} ${this.#looks}`;
    if (key === this.#told) return;
    this.#told = key;
    this.#board.show(this.#sheet!, this.#names, this.#hues, codes);
  }

  #mark(): void {
    const frames = this.#marks.flatMap(({ rows, columns, isUnit }) => {
      const frame = this.#isImages ? this.#exhibit.frame(rows[0]) : this.#board.frame(rows, columns);
      frame?.classList.toggle("nwv-matrix-unit", isUnit);
      return frame && (!this.#isImages || rows[1] === 1) ? [frame] : [];
    });
    const { svg } = this.#figure;
    for (const old of svg.querySelectorAll(".nwv-matrix-mark")) old.remove();
    svg.append(...frames);
  }

  /** Legend, and what the selected cell is. */
  #tell(): void {
    const sheet = this.#sheet!;
    const k = this.#shown;
    const pieces = this.#isImages ? [mainPiece(sheet)] : sheet.pieces;
    const nOdd = this.#isHere ? this.#tally(k).reduce((n, piece) => n + (piece?.nOdd ?? 0), 0) : 0;
    const { matrix } = this.#context.options();
    const items =
      matrix === "thresholds"
        ? digitKeys(this.#hues, this.#thresholds(), nOdd)
        : scaleKeys(
            this.#hues,
            pieces.map((piece) => this.#values.domain(piece, k)),
            nOdd,
          );
    const key = items.map(({ outerHTML }) => outerHTML).join("");
    if (this.#legend.dataset.key !== key) this.#legend.replaceChildren(...items);
    this.#legend.dataset.key = key;
    const [cell] = this.#selected();
    this.#line.textContent = cell
      ? `${cellName(this.#context, cell)} = ${cellValue(this.#context, cell, k, null)}`
      : "";
  }

  #selected = (): Cell[] => cellsOf(this.#context.network, this.#sheet!, this.#context.selection(), 1);

  #tally(k: number): (Tally | null)[] {
    let tallies = this.#tallies.get(k);
    if (!tallies) {
      tallies = this.#sheet!.pieces.map((piece) => {
        const source = this.#values.read(piece, k);
        return source && tally(source, piece.view.shape, this.#values.domain(piece, k).domain);
      });
      this.#tallies.set(k, tallies);
    }
    return tallies;
  }

  #middle(): [number, number] {
    const { width, height } = this.#figure.size;
    return [width / 2, height / 2];
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
    return this.#isImages ? this.#exhibit.hit(x, y) : this.#board.hit(x, y, this.#moment(this.#shown));
  }

  #hover(cell: Cell | null, x: number, y: number): void {
    const { point, network } = this.#context;
    this.#figure.stage.style.cursor = cell ? "pointer" : "";
    const selection = cell && selectionOf(network, cell);
    const isTold = isLink(selection); // by the tooltip of links
    point(isTold ? selection : null, x, y, false);
    if (cell && !isTold) this.#readout.show(cell, this.#shown, x, y);
    else this.#readout.hide();
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
    const from = this.#marks[0];
    const within = (at: number, n: number) => Math.max(0, Math.min(n - 1, at));
    const { network, select } = this.#context;
    if (this.#isImages) {
      const step = across + down * this.#exhibit.nAcross;
      const row = from ? within(from.rows[0] + step, sheet.nRows) : 0;
      this.#exhibit.reveal(row);
      select(rowSelectionOf(network, { piece: mainPiece(sheet), row, column: 0 }));
      return;
    }
    const row = from ? within(from.rows[0] + down, sheet.nRows) : 0;
    const column = from ? within(from.columns[0] + across, sheet.nColumns) : 0;
    const cell = cellAt(sheet, row, column)!;
    this.#board.reveal(cell);
    select(selectionOf(network, cell));
  }

  #intents(): Intents {
    const steps: Record<string, [number, number]> = {
      up: [-1, 0],
      down: [1, 0],
      left: [0, -1],
      right: [0, 1],
    };
    return {
      hover: (x, y) => this.#hover(this.#hit(x, y), x, y),
      leave: () => this.#hover(null, 0, 0),
      click: (x, y) => this.#select(this.#hit(x, y)),
      pan: (dx, dy) => {
        if (!this.#sheet || this.#isImages) return;
        this.#hover(null, 0, 0);
        this.#board.pan(dx, dy);
        this.#draw();
      },
      zoom: (factor, x, y) => this.#zoom(factor, [x, y]),
      fit: () => this.#zoom("fit", [0, 0]),
      move: (direction) => this.#walk(steps[direction][0], steps[direction][1]),
      nextLink: () => {},
      turn: () => {},
      open: () => false,
      close: () => false,
      clear: () => this.#context.select(null),
      canPanX: () => !this.#isImages && this.#board.isZoomed,
    };
  }

  isDrawn(): boolean {
    return true;
  }

  resize(): void {
    if (this.#figure.measure() && this.#sheet) {
      this.#told = "";
      this.#arrange();
      this.#draw();
    }
  }

  redraw(): void {
    this.#draw();
  }

  rest(): void {
    this.#board.forget();
  }

  destroy(): void {
    this.#hover(null, 0, 0);
  }

  #state(): Shown {
    const sheet = this.#sheet!;
    const [k, piece, isImages] = [this.#shown, mainPiece(sheet), this.#isImages];
    const codes = this.#isHere ? this.#codes(k) : null;
    const [inSight, n] = isImages ? this.#exhibit.shown : [0, 0];
    const { grid } = this.#exhibit;
    return {
      sheet,
      k,
      isHere: this.#isHere,
      tallies: this.#isHere ? this.#tally(k) : sheet.pieces.map(() => null),
      shared: isImages ? this.#exhibit.shared : this.#board.shared,
      codes: codes && {
        ...countCodes(codes.list),
        ...codes,
        isWritten: !isImages && areWritten(codes, this.#board.placed),
      },
      images: isImages
        ? {
            grid: gridWords({ ...grid, isGuessed: false }),
            isGuessed: grid.isGuessed,
            of: piece.title,
            inSight,
            n,
            hasBiases: sheet.pieces.some(({ isBias }) => isBias),
          }
        : null,
    };
  }

  caption(): string {
    const { of } = this.#context.options();
    if (!this.#sheet) return of ? `nothing here is called “${of[0]}”` : "there are no weights";
    return matrixCaption(this.#context, this.#state());
  }

  summary(): string {
    if (!this.#sheet) return this.caption();
    const tallies = this.#isHere ? this.#tally(this.#shown) : [];
    const reach = (at: Tally | null) => (at ? Math.max(-at.low, at.high) : Number.NEGATIVE_INFINITY);
    const best = tallies.reduce((b, at, i) => (reach(at) > reach(tallies[b]) ? i : b), 0);
    const [row, column] = tallies[best]?.strongest ?? [-1, -1];
    const cell = { piece: this.#sheet.pieces[best], row, column };
    const strongest =
      row >= 0 ? `${cellName(this.#context, cell)} = ${formatValue(reach(tallies[best]))}` : null;
    const text = matrixSummary(this.#context, this.#state(), strongest);
    this.#figure.stage.setAttribute("aria-label", text);
    return text;
  }
}

export const createMatrix = (host: HTMLElement, context: ViewContext): View => new Matrix(host, context);
