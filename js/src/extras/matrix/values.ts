// The numbers of a sheet at a checkpoint, and the domains that their colours are on. No drawing.
import type { History } from "../../history";
import type { Options } from "../../options";
import { EntriesDomains } from "../../panel/entries";
import { domainOf } from "../../scale";
import type { ViewContext } from "../../views/context";
import { Links } from "../../views/graph/links";
import { type Source, type Tally, tally, valueAt } from "./paint";
import { type Cell, isPlain, type Piece } from "./sheet";
import { Tiles, type Window } from "./tiles";

export class Values {
  readonly #context: ViewContext;
  #links: Links;
  readonly #entries = new EntriesDomains();
  readonly #changes = new Map<Piece, { key: string; data: Float32Array; isThere: boolean }>();
  readonly #tiles: Tiles;

  /** `arrived` is called when the kernel has sent more of a matrix that is too large to be sent whole. */
  constructor(context: ViewContext, arrived: () => void) {
    this.#context = context;
    this.#tiles = new Tiles(context, arrived);
    this.#links = this.#linksOf(new Map());
  }

  /** Give back what the kernel can send again. */
  rest(): void {
    this.#tiles.forget();
  }

  /** Data or options changed. */
  update(): void {
    this.#links = this.#linksOf(this.#links.lasting);
    this.#changes.clear();
  }

  #linksOf(grownFrom: Links["domains"]): Links {
    const { network, history } = this.#context;
    return new Links(network, history, this.#options, () => false, grownFrom);
  }

  get #options(): Options {
    return this.#context.options();
  }

  /** Whether a piece comes from the kernel tile by tile. */
  isTiled = (piece: Piece): boolean => this.#tiles.isOf(piece);

  /** Whether a window of a piece is here, as fine as it can be shown; what is not is asked for. */
  isHere = (piece: Piece, k: number, window: Window): boolean =>
    !this.isTiled(piece) || this.#tiles.isHere(piece, k, window);

  /** Whether there is a rough picture of a window. */
  isRough = (piece: Piece, k: number, window: Window): boolean =>
    !this.isTiled(piece) || this.#tiles.rough(piece, k, window) !== null;

  /**
   * The entries of a piece, of the quantity that is shown; null where they, or what is subtracted, were not recorded. In
   * tiles come those of a window, or as long as they are on their way rough ones.
   */
  read(piece: Piece, k: number, window: Window): Source | null {
    if (!this.isTiled(piece)) return this.#whole(piece, k);
    return this.#tiles.read(piece, k, window) ?? this.#tiles.rough(piece, k, window);
  }

  /** The entry of a cell that comes in a tile: null while it is on its way, NaN where it was not recorded. */
  entry({ piece, row, column }: Cell, k: number): number | null {
    if (!this.#tiles.isRecorded(piece, k)) return Number.NaN;
    const alone: Window = { rows: [row, row + 1], columns: [column, column + 1], shared: [1, 1] };
    const source = this.#tiles.read(piece, k, alone);
    return source && valueAt(source, row, column);
  }

  isRecorded(piece: Piece, k: number): boolean {
    return this.isTiled(piece)
      ? this.#tiles.isRecorded(piece, k)
      : this.#isRecorded(piece, k, this.#context.history);
  }

  /** What can be counted; null where nothing was recorded, undefined while the kernel counts. */
  tally(piece: Piece, k: number): Tally | null | undefined {
    if (this.isTiled(piece)) return this.#tiles.tally(piece, k);
    const source = this.#whole(piece, k);
    return source && tally(source, piece.view.shape, this.domain(piece, k).domain);
  }

  #whole(piece: Piece, k: number): Source | null {
    const { view } = piece;
    const { history } = this.#context;
    const { quantity, reference } = this.#options;
    const [nRows, nColumns] = view.shape;
    if (quantity === "weights") {
      const data = history.parameter(view.parameter, k);
      const { offset, strides } = view;
      return data && { data, offset, rowStride: strides[0], columnStride: strides[1] };
    }
    const key = `${k} ${history.name}`;
    let known = this.#changes.get(piece);
    if (known?.key !== key) {
      const data = known?.data ?? new Float32Array(nRows * nColumns);
      known = { key, data, isThere: this.#isRecorded(piece, k, history) };
      if (known.isThere) history.change(view, k, quantity, reference, data);
      this.#changes.set(piece, known);
    }
    const { data } = known;
    return known.isThere ? { data, offset: 0, rowStride: nColumns, columnStride: 1 } : null;
  }

  #isRecorded({ view }: Piece, k: number, history: History): boolean {
    const { quantity, reference } = this.#options;
    return history.isRecorded(view.parameter, k, quantity, reference);
  }

  /** What full colour stands for: the domain that the graph has, or where its links are several entries, theirs. */
  domain(piece: Piece, k: number): { label: string; domain: number } {
    const { network, history } = this.#context;
    const { view } = piece;
    const options = this.#options;
    if (this.isTiled(piece)) return { label: view.parameter, domain: this.#tiles.domain(piece, k) };
    const bundle = network.bundles.find((other) => other.parameter === view.parameter);
    if (bundle && isPlain(bundle))
      return { label: this.#links.scaleLabel(bundle), domain: this.#links.domain(bundle, k) };
    const label = view.parameter;
    if (options.scale !== "checkpoint")
      return { label, domain: this.#entries.of(history, { ...view, id: label }, options) };
    const source = this.#whole(piece, k);
    return { label, domain: source ? domainOf([Float32Array.from(source.data)]) : 0 };
  }
}
