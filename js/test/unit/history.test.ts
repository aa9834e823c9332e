import { describe, expect, it } from "vitest";
import type { AppendMessage, BlockEntry, Index } from "../../src/blocks";
import { History } from "../../src/history";
import { lstmNetwork } from "./nets";

const NAME = "lstm.bias_ih_l0";
const network = lstmNetwork(1, 1);

/** A block of the bias, whose entries all are the number of their checkpoint. */
function block(start: number, stop: number, part: number | null): [BlockEntry, Uint8Array] {
  const values = Float32Array.from({ length: 4 * (stop - start) }, (_, i) => start + Math.floor(i / 4));
  const about = { run: "run", quantity: "weights", name: NAME, dims: [4], start, stop, part };
  return [
    { ...about, dtype: "float32", scale: 1, coding: "raw", offset: 0, n_bytes: values.byteLength },
    new Uint8Array(values.buffer),
  ];
}

function open(send: ((message: Record<string, unknown>) => void) | null, n: number, window: number | null) {
  const history = new History(network, send);
  const [first, bytes] = block(0, window ?? n, 0);
  const [last, lastBytes] = block(n - 1, n, 1);
  const runs = [{ name: "run", n_checkpoints: n, steps: null, epochs: null, metrics: {} }];
  const blocks = window === null ? [first] : [first, last];
  const index: Index = { format: 1, precision: "float32", window, notes: [], runs, blocks, orders: {} };
  history.open(index, [bytes, lastBytes]);
  return history;
}

const growth = (before: number, n: number): [AppendMessage, Uint8Array] => {
  const [entry, bytes] = block(before, n, 7);
  const metrics = { loss: { start: 0, x: [0, 1], y: [0.5, "NaN" as const] } };
  const rest = { steps: null, epochs: null, metrics, precision: "float32", notes: [] } as const;
  return [
    {
      type: "append",
      run: "run",
      revision: 0,
      start: before,
      first: before,
      n_checkpoints: n,
      blocks: [entry],
      part: 7,
      ...rest,
      notes: [],
    },
    bytes,
  ];
};

describe("a history in windows", () => {
  it("asks once for the window of a checkpoint that is not here, and has it when the last chunk came", async () => {
    const sent: Record<string, unknown>[] = [];
    const history = open((message) => sent.push(message), 10, 4);
    await history.decoding;
    expect([0, 3, 9].map((k) => history.isReady(k))).toEqual([true, true, true]);
    expect(history.isReady(5)).toBe(false);
    expect(history.isReady(6)).toBe(false);
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({ type: "fetch", run: "run", start: 4, stop: 8 });
    const [entry, bytes] = block(4, 8, null);
    history.receive({ type: "blocks", id: sent[0].id as string, blocks: [entry], done: true }, [bytes]);
    await history.decoding;
    expect(history.isReady(5)).toBe(true);
    expect(history.parameter(NAME, 6)![0]).toBe(6);
    expect(history.nLoaded).toBe(9);
  });

  it("does not ask for what has come but is not decoded yet", async () => {
    const sent: Record<string, unknown>[] = [];
    const history = open((message) => sent.push(message), 10, 4);
    expect([0, 9].map((k) => history.isReady(k))).toEqual([false, false]);
    await history.decoding;
    expect([0, 9].map((k) => history.isReady(k))).toEqual([true, true]);
    expect(sent).toEqual([]);
  });

  it("fetches the window after the playhead ahead of time", async () => {
    const sent: Record<string, unknown>[] = [];
    const history = open((message) => sent.push(message), 10, 4);
    await history.decoding;
    history.prefetch(1);
    expect(sent[0]).toMatchObject({ start: 4, stop: 8 });
  });

  it("says in words what the kernel could not answer", async () => {
    const history = open(() => {}, 10, 4);
    await history.decoding;
    history.receive({ type: "error", id: "w0", message: "there are 10 checkpoints" }, []);
    expect(history.error).toBe("there are 10 checkpoints");
  });
});

describe("a growing history", () => {
  it("takes what is appended, and does no harm when it hears it twice", async () => {
    const history = open(null, 2, null);
    const [message, bytes] = growth(2, 3);
    history.receive(message, [bytes]);
    history.receive(message, [bytes]);
    await history.decoding;
    expect(history.nCheckpoints).toBe(3);
    expect(history.parameter(NAME, 2)![0]).toBe(2);
    expect(history.metrics).toEqual([{ name: "loss", x: [0, 1], y: [0.5, Number.NaN] }]);
  });

  it("gives the size of each update, and none where it is not known", async () => {
    const history = open(null, 3, null);
    await history.decoding;
    expect(history.updateSizes()).toEqual([Number.NaN, 2, 2]);
  });
});

describe("exact values", () => {
  it("come from the kernel once", async () => {
    const sent: Record<string, unknown>[] = [];
    const history = open((message) => sent.push(message), 3, null);
    const asked = [history.exact(NAME, [1]), history.exact(NAME, [1])];
    expect(sent).toHaveLength(1);
    const values = new Float64Array([0.1, 0.2, 0.3]);
    history.receive({ type: "exact", id: sent[0].id as string, dims: [3, 1] }, [values.buffer]);
    expect([...(await asked[1])]).toEqual([0.1, 0.2, 0.3]);
  });

  it("are refused where there is no kernel", async () => {
    await expect(open(null, 3, null).exact(NAME, [0])).rejects.toThrow("no kernel");
  });
});
