// Spectra in the browser: what is asked for and when, what comes is read, and what is told of a matrix.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BlockEntry, Index } from "../../src/blocks";
import { Spectra } from "../../src/extras/spectra/found";
import { Spectrum, someOf, spanOf } from "../../src/extras/spectra/spectrum";
import type { History } from "../../src/history";
import type { HostModel } from "../../src/host";
import type { SpectraReply, SpectrumPart } from "../../src/spectra";

const part = (name: string, taken: number[] | null = null): SpectrumPart => ({
  name,
  shape: [4, 9],
  n_values: taken ? 10 : 2,
  taken,
});

/** Two blocks of a matrix over n checkpoints: singular values k + 2 and k + 1; standard deviation 0.2. */
function blocksOf(name: string, n: number, at = 0): { entries: BlockEntry[]; bytes: Uint8Array } {
  const numbers = Float32Array.from({ length: 4 * n }, (_, i) => [1.5, 1.9, 2, 0.2][i % 4]);
  const values = Float32Array.from({ length: 2 * n }, (_, i) => (i >> 1) + 2 - (i % 2));
  const bytes = new Uint8Array(4 * (numbers.length + values.length));
  bytes.set(new Uint8Array(numbers.buffer));
  bytes.set(new Uint8Array(values.buffer), numbers.byteLength);
  const entry = (quantity: string, list: Float32Array, offset: number) => ({
    run: "run",
    quantity,
    name,
    dims: [list.length / n],
    dtype: "float32" as const,
    scale: 1,
    start: 0,
    stop: n,
    coding: "raw" as const,
    part: at,
    offset,
    n_bytes: list.byteLength,
  });
  return {
    entries: [entry("ranks", numbers, 0), entry("singular_values", values, numbers.byteLength)],
    bytes,
  };
}

function kernel({ hasKernel = true, index = {} as Partial<Index>, parts = [] as Uint8Array[] } = {}) {
  const history = { nCheckpoints: 3, hasKernel, revision: 0, name: "run" } as unknown as History;
  history.peers = [history];
  let hear: (message: unknown, buffers?: Uint8Array[]) => Promise<void> = async () => {};
  const send = vi.fn();
  const model = {
    get: (name: string) => (name === "_index" ? index : parts),
    on: (_: string, callback: typeof hear) => {
      hear = callback;
    },
    send,
  } as unknown as HostModel;
  const spectra = new Spectra(model, history);
  const answer = (names: string[], more: Partial<SpectraReply> = {}) => {
    const made = names.map((name) => blocksOf(name, history.nCheckpoints));
    const message = {
      type: "spectra",
      id: send.mock.calls.filter(([{ type }]) => type === "spectra").at(-1)![0].id,
      revision: 0,
      n_checkpoints: history.nCheckpoints,
      parts: names.map((name) => part(name)),
      blocks: made.flatMap(({ entries }) => entries),
      correlation: null,
      done: false,
      ...more,
    };
    return hear(message, made.length ? [made[0].bytes] : []);
  };
  return { spectra, history, send, answer, hear: (message: unknown) => hear(message) };
}

describe("spectra", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());
  const wish = (...names: string[]) => ({ names, correlation: false });

  it("are asked for once, and told as they come", async () => {
    const { spectra, send, answer } = kernel();
    const told = vi.fn();
    spectra.want(told, wish("a", "b"));
    spectra.want(told, wish("a", "b"));
    expect(send.mock.calls).toEqual([[{ type: "spectra", id: "s0", names: ["a", "b"], correlation: false }]]);
    await answer(["a"]);
    expect(told).toHaveBeenCalledTimes(1);
    spectra.want(told, wish("a", "b"));
    expect(send).toHaveBeenCalledTimes(1);
    expect([...spectra.known.get("a")!.at(2)]).toEqual([4, 3]);
    expect(spectra.isLooking).toBe(true);
    await answer(["b"]);
    await answer([], { done: true });
    expect(spectra.isLooking).toBe(false);
    expect(spectra.nKnown(["a", "b", "c"])).toBe(2);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("are taken back when the view is left, and asked for anew with what another one wants", async () => {
    const { spectra, send, answer } = kernel();
    const told = vi.fn();
    spectra.want(told, wish("a", "b"));
    await answer(["a"]);
    spectra.want(told, wish("c"));
    expect(send.mock.calls.slice(1)).toEqual([
      [{ type: "cancel", id: "s0" }],
      [{ type: "spectra", id: "s1", names: ["c"], correlation: false }],
    ]);
    spectra.leave(told);
    expect(send.mock.lastCall).toEqual([{ type: "cancel", id: "s1" }]);
    expect(spectra.isLooking).toBe(false);
  });

  it("of a view that stays are not taken back by one that is left", () => {
    const { spectra, send } = kernel();
    const [one, other] = [vi.fn(), vi.fn()];
    spectra.want(one, wish("a"));
    spectra.want(other, wish("a"));
    spectra.leave(other);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("are asked for again when the history has grown, after a rest", async () => {
    const { spectra, history, send, answer } = kernel();
    const told = vi.fn();
    spectra.want(told, wish("a"));
    await answer(["a"], { done: true });
    history.nCheckpoints = 4;
    spectra.want(told, wish("a"));
    expect(send).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(6000);
    expect(send).toHaveBeenCalledTimes(2);
    await answer(["a"], { done: true });
    expect(spectra.known.get("a")!.nCheckpoints).toBe(4);
  });

  it("that were asked for in vain are asked for again, and an error is told", async () => {
    const { spectra, send, hear } = kernel();
    const told = vi.fn();
    spectra.want(told, wish("a"));
    vi.advanceTimersByTime(121_000);
    spectra.want(told, wish("a"));
    expect(send.mock.lastCall![0].id).toBe("s1");
    await hear({ type: "error", id: "s1", message: "no" });
    expect([spectra.error, spectra.isLooking]).toEqual(["no", false]);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("of a page are there without anybody to ask, and what was left out is known", async () => {
    const { entries, bytes } = blocksOf("a", 3);
    const about = [{ parts: [part("a")], left_out: ["b"], correlation: null }];
    const { spectra, send } = kernel({
      hasKernel: false,
      index: { spectra: { about, blocks: entries } },
      parts: [bytes],
    });
    spectra.want(() => {}, wish("a", "b"));
    await vi.waitFor(() => expect(spectra.nKnown(["a", "b"])).toBe(1));
    expect(spectra.leftOut).toEqual(["b"]);
    expect(send).not.toHaveBeenCalled();
  });
});

describe("a spectrum", () => {
  const numbers = Float32Array.from([1.5, 1.9, 2, 0.2, Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  const of = (values: number[], taken: number[] | null) =>
    new Spectrum(part("a", taken), numbers, Float32Array.from(values));

  it("has the edge of random weights of its shape", () => {
    const spectrum = of([2, 1, Number.NaN, Number.NaN], null);
    expect(spectrum.edge(0)).toBeCloseTo(0.2 * (2 + 3));
    expect([spectrum.isThere(0), spectrum.isThere(1), spectrum.first]).toEqual([true, false, 0]);
    expect([...spectrum.rank("effective")].map((value) => value.toFixed(1))).toEqual(["1.9", "NaN"]);
  });

  it("counts what is above an edge, at least as many as it knows of", () => {
    expect(of([3, 2, Number.NaN, Number.NaN], null).above(0, 2.5)).toEqual({ n: 1, isAtLeast: false });
    expect(of([3, 2, 1, 0.1, 0, 0, 0, 0], [0, 1, 5, 9]).above(0, 0.5)).toEqual({ n: 6, isAtLeast: true });
    expect(of([3, 2, 1, 0.1, 0, 0, 0, 0], [0, 1, 5, 9]).above(0, 2.5)).toEqual({ n: 1, isAtLeast: false });
  });

  it("is thinned to its largest values and others evenly, with both ends", () => {
    expect(someOf(4, 8)).toEqual([0, 1, 2, 3]);
    expect(someOf(100, 8)).toEqual([0, 1, 2, 3, 4, 36, 67, 99]);
  });

  it("spans from zero, or at most seven decades", () => {
    expect(spanOf([[1, Number.NaN], [2]], false)).toEqual([0, 2 * 1.12]);
    const [low, high] = spanOf([[1e-12, 1]], true);
    expect([low, high]).toEqual([1e-7 / 1.1, 1.2]);
    expect(spanOf([[Number.NaN]], true)).toEqual([0.1, 1]);
  });
});
