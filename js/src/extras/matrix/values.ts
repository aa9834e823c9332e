// The numbers of a sheet at a checkpoint, and the domains that their colours are on. No drawing.
import type { History } from "../../history";
import type { Options } from "../../options";
import { EntriesDomains } from "../../panel/entries";
import { domainOf } from "../../scale";
import type { ViewContext } from "../../views/context";
import { Links } from "../../views/graph/links";
import type { Source } from "./paint";
import { isPlain, type Piece } from "./sheet";

export class Values {
  readonly #context: ViewContext;
  #links: Links;
  readonly #entries = new EntriesDomains();
  readonly #changes = new Map<Piece, { key: string; data: Float32Array; isThere: boolean }>();

  constructor(context: ViewContext) {
    this.#context = context;
    this.#links = this.#linksOf(new Map());
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

  /** The entries of a piece, of the quantity that is shown; null where they, or what is subtracted, were not recorded. */
  read(piece: Piece, k: number): Source | null {
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
    const bundle = network.bundles.find((other) => other.parameter === view.parameter);
    if (bundle && isPlain(bundle))
      return { label: this.#links.scaleLabel(bundle), domain: this.#links.domain(bundle, k) };
    const label = view.parameter;
    if (options.scale !== "checkpoint")
      return { label, domain: this.#entries.of(history, { ...view, id: label }, options) };
    const source = this.read(piece, k);
    return { label, domain: source ? domainOf([Float32Array.from(source.data)]) : 0 };
  }
}
