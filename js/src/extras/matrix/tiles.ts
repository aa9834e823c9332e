// A matrix that is too large to be sent whole, piece by piece from the kernel: entries where the reader is close, the
// strongest of those that share a pixel where not. The twin of tiles.py. Not for matrices whose weights are here.
import { asBytes, type Block, type Parts, type Reply, readBlock, valuesAt } from "../../blocks";
import type { TiledCounts, TilesMessage, TilesReply } from "../../tiles";
import type { ViewContext } from "../../views/context";
import type { Source, Tally } from "./paint";
import type { Piece } from "./sheet";

/** Rows and columns of a piece that are in sight, each from the first to before the last, and how many share an entry. */
export interface Window {
  rows: [number, number];
  columns: [number, number];
  shared: [rows: number, columns: number];
}

/** All of a piece. */
export const wholeOf = ({ view: { shape } }: Piece): Window => ({
  rows: [0, shape[0]],
  columns: [0, shape[1]],
  shared: [1, 1],
});

/** What is known of a piece at a checkpoint; of none that it lacks. */
interface Known {
  isRecorded: boolean;
  domains: [history: number, here: number];
  tallies: [history: Tally, here: Tally] | null;
}

/** What an answer is awaited to. */
interface Question {
  key: string;
  shared: Window["shared"];
  what: string;
  timer: ReturnType<typeof setTimeout>;
}

export const LARGE = 1_000_000; // entries of a matrix that is not sent whole
const SIDE = 256; // entries of a tile
const MOST_KEPT = 64e6; // bytes of codes
const MOST_OPEN = 2; // questions at a time: those that are out of date would keep the kernel from the next
const LOST_MS = 20_000;
const RETRY_MS = 2_000;

function tallyOf({ n_odd, n_beyond, low, high, strongest }: TiledCounts): Tally {
  return {
    nOdd: n_odd,
    nBeyond: n_beyond,
    low: low ?? Number.POSITIVE_INFINITY,
    high: high ?? Number.NEGATIVE_INFINITY,
    strongest,
  };
}

export class Tiles {
  readonly #context: ViewContext;
  readonly #arrived: () => void;
  readonly #blocks = new Map<string, Block>(); // the last used last
  #nBytes = 0;
  readonly #known = new Map<string, Known>();
  readonly #open = new Map<string, Question>();
  readonly #rough = new Map<Piece, Window["shared"]>(); // of the first picture: all of it
  #assembled: { key: string; source: Source } | null = null;
  #revision = 0;
  #nAsked = 0;
  #restsUntil = 0;

  /** `arrived` is called when there is more to see. */
  constructor(context: ViewContext, arrived: () => void) {
    this.#context = context;
    this.#arrived = arrived;
    const hear = (message: Reply, buffers?: Parts) => this.#receive(message, buffers ?? []);
    context.model.on("msg:custom", hear);
    context.signal.addEventListener("abort", () => {
      context.model.off("msg:custom", hear);
      this.forget();
    });
  }

  /** Whether a piece comes in tiles, and not whole. */
  isOf({ view }: Piece): boolean {
    const { history } = this.#context;
    return history.isByName && view.shape[0] * view.shape[1] > LARGE;
  }

  forget(): void {
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    for (const map of [this.#blocks, this.#known, this.#open]) map.clear();
    this.#nBytes = 0;
    this.#assembled = null;
  }

  /** What tells a piece at a checkpoint from all others. */
  #key({ view }: Piece, k: number): string {
    const { history, options } = this.#context;
    if (history.revision !== this.#revision) this.forget();
    this.#revision = history.revision;
    const { quantity, reference } = options();
    const { parameter, offset, shape } = view;
    return `${history.name}|${parameter}|${offset}|${shape}|${quantity}:${quantity === "weights" || reference}|${k}`;
  }

  /** Whether the checkpoint has the piece; true while that is not known. */
  isRecorded(piece: Piece, k: number): boolean {
    return this.#known.get(this.#key(piece, k))?.isRecorded ?? true;
  }

  domain(piece: Piece, k: number): number {
    const known = this.#known.get(this.#key(piece, k));
    return known?.domains[this.#scale] ?? 0;
  }

  get #scale(): 0 | 1 {
    return this.#context.options().scale === "checkpoint" ? 1 : 0;
  }

  /** The counts of a piece, null where it was not recorded; undefined while they are asked for. */
  tally(piece: Piece, k: number): Tally | null | undefined {
    const key = this.#key(piece, k);
    const known = this.#known.get(key);
    if (known && !known.isRecorded) return null;
    if (known?.tallies) return known.tallies[this.#scale];
    this.#ask(piece, k, key, [1, 1], [], true);
    return undefined;
  }

  /** The tiles that have a window, by row and column. */
  #tilesOf({ rows, columns, shared }: Window): [row: number, column: number][] {
    const range = ([from, to]: [number, number], n: number): number[] => {
      const [first, last] = [Math.floor(from / n / SIDE), Math.floor((to - 1) / n / SIDE)];
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    };
    return range(rows, shared[0]).flatMap((row) =>
      range(columns, shared[1]).map((column): [number, number] => [row, column]),
    );
  }

  /** Whether all that a window needs at a checkpoint is here; what is not is asked for. */
  isHere(piece: Piece, k: number, window: Window): boolean {
    const key = this.#key(piece, k);
    const known = this.#known.get(key);
    if (known && !known.isRecorded) return true;
    const missing = this.#tilesOf(window).filter((tile) => !this.#blocks.has(tileKey(key, window, tile)));
    if (missing.length === 0) return true;
    this.#ask(piece, k, key, window.shared, missing, false);
    return false;
  }

  /** The values of a window; null where they are not here, which asks for them, or not recorded. */
  read(piece: Piece, k: number, window: Window): Source | null {
    if (!this.#rough.has(piece)) this.#rough.set(piece, window.shared);
    return this.isHere(piece, k, window) && this.isRecorded(piece, k) ? this.#source(piece, k, window) : null;
  }

  /** The values of a window as the first picture had them, while finer ones are on their way; null without any. */
  rough(piece: Piece, k: number, window: Window): Source | null {
    const shared = this.#rough.get(piece);
    if (!shared || !this.isRecorded(piece, k)) return null;
    const coarse = { ...window, shared };
    const key = this.#key(piece, k);
    const isThere = this.#tilesOf(coarse).every((tile) => this.#blocks.has(tileKey(key, coarse, tile)));
    return isThere ? this.#source(piece, k, coarse) : null;
  }

  #source(piece: Piece, k: number, window: Window): Source {
    const key = this.#key(piece, k);
    const tiles = this.#tilesOf(window);
    const [first, last] = [tiles[0], tiles[tiles.length - 1]];
    const whole = `${key}|${window.shared}|${first}|${last}`;
    if (this.#assembled?.key === whole) return this.#assembled.source;
    const width = (last[1] - first[1] + 1) * SIDE;
    const data = new Float32Array((last[0] - first[0] + 1) * SIDE * width);
    for (const tile of tiles) {
      const at = tileKey(key, window, tile);
      const block = this.#blocks.get(at)!;
      this.#blocks.delete(at);
      this.#blocks.set(at, block);
      const values = valuesAt(block, 0);
      const [nRows, nColumns] = block.entry.dims;
      const corner = (tile[0] - first[0]) * SIDE * width + (tile[1] - first[1]) * SIDE;
      for (let row = 0; row < nRows; row++)
        data.set(values.subarray(row * nColumns, (row + 1) * nColumns), corner + row * width);
    }
    const offset = -first[0] * SIDE * width - first[1] * SIDE;
    const source: Source = { data, offset, rowStride: width, columnStride: 1, shared: window.shared };
    this.#assembled = { key: whole, source };
    return source;
  }

  #ask(
    { view }: Piece,
    checkpoint: number,
    key: string,
    shared: Window["shared"],
    tiles: [number, number][],
    counted: boolean,
  ): void {
    const { history, model, options } = this.#context;
    const what = `${key}|${shared}|${tiles.join(" ")}`;
    const isAsked = [...this.#open.values()].some((open) => open.what === what);
    if (isAsked || this.#open.size >= MOST_OPEN || performance.now() < this.#restsUntil) return;
    const { quantity, reference } = options();
    const id = `t${this.#nAsked++}-${Math.random()}`; // that of no other display
    const timer = setTimeout(() => this.#end(id), LOST_MS);
    this.#open.set(id, { key, shared, what, timer });
    const hasReference = quantity === "difference" || quantity === "against";
    const message: TilesMessage = {
      type: "tiles",
      id,
      run: history.name,
      parameter: view.parameter,
      checkpoint,
      quantity,
      reference: hasReference ? reference : null,
      view: {
        shape: [view.shape[0], view.shape[1]],
        strides: [view.strides[0], view.strides[1]],
        offset: view.offset,
      },
      shared,
      tiles,
      counted,
    };
    model.send!(message);
  }

  #end(id: string): void {
    clearTimeout(this.#open.get(id)?.timer);
    if (this.#open.delete(id)) this.#arrived();
  }

  #receive(message: Reply, buffers: Parts): void {
    const open = "id" in message && message.id !== null ? this.#open.get(String(message.id)) : undefined;
    if (!open) return;
    if (message.type === "tiles") this.#take(String(message.id), open, message, buffers);
    else if (message.type === "error") {
      this.#restsUntil = performance.now() + RETRY_MS;
      setTimeout(() => this.#arrived(), RETRY_MS + 1);
      this.#end(String(message.id));
    }
  }

  async #take(id: string, { key, shared }: Question, message: TilesReply, buffers: Parts): Promise<void> {
    const revision = this.#revision;
    const { blocks: entries, domain, domain_here, counts } = message;
    const blocks = await Promise.all(
      entries.map((entry) => {
        const bytes = asBytes(buffers[0]).subarray(entry.offset, entry.offset + entry.n_bytes);
        return readBlock({ ...entry, start: 0, stop: 1 }, bytes);
      }),
    );
    if (revision !== this.#revision) return;
    entries.forEach((entry, i) => {
      this.#blocks.set(tileKey(key, { shared }, entry.tile), blocks[i]);
      this.#nBytes += blocks[i].codes.byteLength;
    });
    this.#trim();
    this.#known.set(key, {
      isRecorded: domain !== null,
      domains: [domain ?? 0, domain_here ?? 0],
      tallies: counts ? [tallyOf(counts[0]), tallyOf(counts[1])] : (this.#known.get(key)?.tallies ?? null),
    });
    this.#end(id);
  }

  #trim(): void {
    for (const [at, { codes }] of this.#blocks) {
      if (this.#nBytes <= MOST_KEPT) return;
      this.#blocks.delete(at);
      this.#nBytes -= codes.byteLength;
    }
  }
}

const tileKey = (key: string, { shared }: Pick<Window, "shared">, tile: [number, number]): string =>
  `${key}|${shared}|${tile}`;
