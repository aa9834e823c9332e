// A large matrix in tiles: what is asked for, once, and what comes of the answers.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BlockEntry } from "../../src/blocks";
import { cellAt, sheetFor } from "../../src/extras/matrix/sheet";
import { Tiles, type Window } from "../../src/extras/matrix/tiles";
import { Values } from "../../src/extras/matrix/values";
import type { Network } from "../../src/network";
import { DEFAULTS, type Options } from "../../src/options";
import type { TileEntry, TilesMessage } from "../../src/tiles";
import type { ViewContext } from "../../src/views/context";

const [N_ROWS, N_COLUMNS] = [1200, 1000];
const network = {
  parameters: { "fc.weight": [N_ROWS, N_COLUMNS], "fc.bias": [N_ROWS] },
  groups: [],
  bundles: [],
} as unknown as Network;

/** What Python would say: entry (row, column) at checkpoint k is the number of the entry plus a million k. */
const entryAt = (row: number, column: number, k: number) => 1e6 * k + row * N_COLUMNS + column;

function standing(options: Partial<Options> = {}) {
  const all = { ...DEFAULTS, ...options };
  const history = {
    isByName: true,
    name: "run",
    revision: 0,
    nCheckpoints: 5,
    precision: "float32",
    peers: [],
  };
  const sent: TilesMessage[] = [];
  const heard: ((message: unknown, buffers: Uint8Array[]) => void)[] = [];
  const model = {
    send: (message: TilesMessage) => sent.push(message),
    on: (_: string, hear: (typeof heard)[0]) => heard.push(hear),
    off: (_: string, hear: (typeof heard)[0]) => heard.splice(heard.indexOf(hear), 1),
  };
  const closed = new AbortController();
  const context = { network, history, model, options: () => all, signal: closed.signal };
  const arrived = vi.fn();
  const tiles = new Tiles(context as unknown as ViewContext, arrived);
  const [, piece] = sheetFor(network, ["fc"], null)!.pieces;
  /** Answer a question as tiles.py would. */
  const answer = async (message: TilesMessage, about: object = {}) => {
    const blocks: TileEntry[] = [];
    const bytes: number[] = [];
    for (const [row, column] of message.tiles) {
      const [down, across] = message.shared;
      const nRows = Math.min(256, Math.ceil(N_ROWS / down) - 256 * row);
      const nColumns = Math.min(256, Math.ceil(N_COLUMNS / across) - 256 * column);
      const values = new Float32Array(nRows * nColumns);
      for (let i = 0; i < values.length; i++) {
        const r = (256 * row + Math.floor(i / nColumns) + 1) * down - 1; // the last of those that share it
        const c = (256 * column + (i % nColumns) + 1) * across - 1;
        values[i] = entryAt(Math.min(N_ROWS - 1, r), Math.min(N_COLUMNS - 1, c), message.checkpoint);
      }
      const entry: BlockEntry = {
        ...{ run: "run", quantity: message.quantity, name: message.parameter, dims: [nRows, nColumns] },
        ...{ dtype: "float32", scale: 1, start: message.checkpoint, stop: message.checkpoint + 1 },
        ...{ coding: "raw", part: null, offset: bytes.length, n_bytes: values.byteLength },
      };
      blocks.push({ ...entry, tile: [row, column] });
      for (const byte of new Uint8Array(values.buffer)) bytes.push(byte);
    }
    const reply = {
      type: "tiles",
      id: message.id,
      blocks,
      domain: 8,
      domain_here: 4,
      counts: null,
      ...about,
    };
    const n = arrived.mock.calls.length;
    for (const hear of [...heard]) hear(reply, [new Uint8Array(bytes)]);
    await vi.waitFor(() => expect(arrived.mock.calls.length).toBeGreaterThan(n));
  };
  return { tiles, piece, sent, answer, arrived, heard, closed, history, context, options: all };
}

const about = (rows: [number, number], columns: [number, number], n = 1): Window => ({
  rows,
  columns,
  shared: [n, n],
});

describe("a matrix in tiles", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is one that is larger than a million entries and was not sent whole", () => {
    const { tiles, piece, history } = standing();
    expect(tiles.isOf(piece)).toBe(true);
    expect(tiles.isOf(sheetFor(network, ["fc.bias"], null)!.pieces[0])).toBe(false);
    history.isByName = false;
    expect(tiles.isOf(piece)).toBe(false);
  });

  it("is asked for as far as it is in sight, once, and read where the tiles are", async () => {
    const { tiles, piece, sent, answer } = standing();
    const window = about([250, 520], [700, 760]);
    expect(tiles.read(piece, 2, window)).toBeNull();
    expect(tiles.read(piece, 2, window)).toBeNull();
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      ...{
        type: "tiles",
        run: "run",
        parameter: "fc.weight",
        checkpoint: 2,
        counted: false,
        reference: null,
      },
      view: { shape: [N_ROWS, N_COLUMNS], strides: [N_COLUMNS, 1], offset: 0 },
      shared: [1, 1],
      tiles: [0, 1, 2].map((row) => [row, 2]),
    });
    await answer(sent[0]);
    const { data, offset, rowStride, columnStride } = tiles.read(piece, 2, window)!;
    for (const [row, column] of [
      [250, 700],
      [519, 759],
      [300, 767],
    ])
      expect(data[offset + row * rowStride + column * columnStride]).toBe(
        Math.fround(entryAt(row, column, 2)),
      );
    expect(sent).toHaveLength(1);
  });

  it("asks only for the tiles that are not here yet", async () => {
    const { tiles, piece, sent, answer } = standing();
    tiles.isHere(piece, 0, about([0, 256], [0, 256]));
    await answer(sent[0]);
    tiles.isHere(piece, 0, about([0, 256], [0, 512]));
    expect(sent[1].tiles).toEqual([[0, 1]]);
  });

  it("shows the first picture's values while finer ones are on their way", async () => {
    const { tiles, piece, sent, answer } = standing();
    const whole = about([0, N_ROWS], [0, N_COLUMNS], 4);
    tiles.read(piece, 0, whole);
    await answer(sent[0]);
    const close = about([100, 110], [100, 110]);
    expect(tiles.read(piece, 0, close)).toBeNull();
    const { data, offset, rowStride, shared } = tiles.rough(piece, 0, close)!;
    expect(shared).toEqual([4, 4]);
    expect(data[offset + 25 * rowStride + 26]).toBe(entryAt(103, 107, 0));
    expect(tiles.rough(piece, 1, close)).toBeNull();
  });

  it("keeps no more than two questions open, and asks again for what was lost", async () => {
    const { tiles, piece, sent } = standing();
    for (const k of [0, 1, 2]) tiles.isHere(piece, k, about([0, 9], [0, 9]));
    expect(sent.map(({ checkpoint }) => checkpoint)).toEqual([0, 1]);
    vi.advanceTimersByTime(20_001);
    tiles.isHere(piece, 2, about([0, 9], [0, 9]));
    expect(sent[2].checkpoint).toBe(2);
  });

  it("rests after an error before it asks again, and tells when", () => {
    const { tiles, piece, sent, heard, arrived } = standing();
    tiles.isHere(piece, 0, about([0, 9], [0, 9]));
    heard[0]({ type: "error", id: sent[0].id, message: "no" }, []);
    arrived.mockClear();
    tiles.isHere(piece, 0, about([0, 9], [0, 9]));
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(2_002);
    expect(arrived).toHaveBeenCalled();
    tiles.isHere(piece, 0, about([0, 9], [0, 9]));
    expect(sent).toHaveLength(2);
  });

  it("knows what a checkpoint lacks, the domains and the counts", async () => {
    const { tiles, piece, sent, answer, options } = standing();
    tiles.isHere(piece, 0, about([0, 9], [0, 9]));
    await answer(sent[0]);
    expect(tiles.domain(piece, 0)).toBe(8);
    options.scale = "checkpoint";
    expect(tiles.domain(piece, 0)).toBe(4);
    expect(tiles.tally(piece, 0)).toBeUndefined();
    const counts = { n_odd: 1, n_beyond: 2, low: null, high: null, strongest: [-1, -1] };
    expect(sent[1]).toMatchObject({ counted: true, tiles: [] });
    await answer(sent[1], { counts: [counts, { ...counts, n_beyond: 3 }] });
    expect(tiles.tally(piece, 0)).toMatchObject({ nOdd: 1, nBeyond: 3, low: Infinity, high: -Infinity });
    tiles.isHere(piece, 1, about([0, 9], [0, 9]));
    await answer({ ...sent[2], tiles: [] }, { domain: null, domain_here: null });
    expect([tiles.isRecorded(piece, 1), tiles.tally(piece, 1)]).toEqual([false, null]);
    expect(tiles.read(piece, 1, about([0, 9], [0, 9]))).toBeNull();
    expect(sent).toHaveLength(3);
  });

  it("is asked for anew after a revision, and by nobody who has left", async () => {
    const { tiles, piece, sent, answer, history, heard, closed } = standing();
    const window = about([0, 9], [0, 9]);
    tiles.isHere(piece, 0, window);
    await answer(sent[0]);
    history.revision = 1;
    expect(tiles.isHere(piece, 0, window)).toBe(false);
    expect(sent).toHaveLength(2);
    closed.abort();
    expect(heard).toEqual([]);
  });

  it("has each cell's own value for whoever points at it", async () => {
    const { context, sent, answer, heard, arrived } = standing();
    heard.length = 0;
    const values = new Values(context as unknown as ViewContext, arrived);
    const cell = cellAt(sheetFor(network, ["fc"], null)!, 700, 301)!;
    expect(values.entry(cell, 3)).toBeNull();
    await answer(sent[0]);
    expect(values.entry(cell, 3)).toBe(Math.fround(entryAt(700, 300, 3)));
  });
});
