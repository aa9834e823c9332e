import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { block, bundle, NAME, network, open, type Sent } from "./history.fixture";
import { lstmNetwork } from "./nets";

const identity = (k: number) => k;
const windows = (sent: Sent[]) => sent.map(({ start }) => start);

/** A history of 40 checkpoints in windows of 2, of which the first and the last checkpoint are here. */
const long = (more = {}) =>
  open({ n: 40, window: 2, blocks: [block(0, 2, identity), block(39, 40, identity)], ...more });

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("windows about the playhead", () => {
  it("are asked for ahead of it while playing, each once", async () => {
    const { history, asked } = await long();
    for (const k of [0, 0, 1]) history.prefetch(k, true);
    expect(windows(asked())).toEqual([2, 4, 6, 8]);
    history.prefetch(2, true);
    expect(windows(asked())).toEqual([2, 4, 6, 8, 10]);
  });

  it("wrap around the end in a loop, and end there without one", async () => {
    const once = await long();
    once.history.prefetch(36, true);
    expect(windows(once.asked())).toEqual([38]);
    const looping = await long();
    looping.history.prefetch(36, true, true);
    expect(windows(looping.asked())).toEqual([38, 2, 4]); // the first is here
  });

  it("are not asked for while the playhead rests", async () => {
    const { history, asked } = await long();
    history.prefetch(5, false);
    expect(asked()).toEqual([]);
    expect(history.isReady(5)).toBe(false);
    expect(windows(asked())).toEqual([4]);
  });

  it("are taken back when the playhead jumps far from them, and asked for again when it returns", async () => {
    const { history, asked, sent } = await long();
    history.prefetch(0, true);
    history.prefetch(30, true);
    expect(sent.filter(({ type }) => type === "cancel")).toHaveLength(4);
    expect(windows(asked())).toEqual([32, 34, 36, 38]);
    history.prefetch(0, true);
    expect(windows(asked())).toEqual([2, 4, 6, 8]);
  });

  it("count as here if they were taken back too late", async () => {
    const { history, asked, answer } = await long();
    history.prefetch(0, true);
    const [first] = asked();
    history.prefetch(30, true);
    await answer(first, block(2, 4, identity));
    expect([2, 3].map((k) => history.isHere(k))).toEqual([true, true]);
  });

  it("do not lose what rode in the state when the rest of its window is asked for", async () => {
    const { history } = await long();
    expect(history.isReady(38)).toBe(false);
    expect(history.isReady(39)).toBe(true);
  });

  it("say how far they have come", async () => {
    const { history, asked, answer } = await long();
    history.isReady(2);
    expect(history.progress).toMatchObject({ loaded: 3, wanted: 40, isAsking: true, isLate: false });
    await answer(asked()[0], block(2, 4, identity));
    expect(history.progress).toMatchObject({ loaded: 5, isAsking: false, bytes: 5 * 16 });
  });

  it("include the reference of a difference of exact weights, without cancelling each other", async () => {
    const { history, asked } = await long();
    history.show("difference", 21);
    for (let i = 0; i < 3; i++) {
      expect(history.isReady(4)).toBe(false);
      history.prefetch(4, false);
    }
    expect(windows(asked())).toEqual([4, 20]);
  });
});

describe("a kernel that does not answer", () => {
  it("is asked again, each time after twice the wait, and taken back the time before", async () => {
    const { history, sent } = await long();
    history.isReady(2);
    const times = [19_000, 2_000, 38_000, 4_000].map((ms) => {
      vi.advanceTimersByTime(ms);
      return sent.map(({ type, id }) => `${type} ${id}`).join(", ");
    });
    expect(times).toEqual([
      "fetch w0",
      "fetch w0, cancel w0, fetch w1",
      "fetch w0, cancel w0, fetch w1",
      "fetch w0, cancel w0, fetch w1, cancel w1, fetch w2",
    ]);
    expect(history.progress.isLate).toBe(true);
  });

  it("may answer late: the first answer counts, and ends the asking", async () => {
    const { history, sent, answer } = await long();
    history.isReady(2);
    vi.advanceTimersByTime(21_000);
    await answer(sent[0], block(2, 4, identity));
    expect(history.isReady(3)).toBe(true);
    const n = sent.length;
    vi.advanceTimersByTime(1e7);
    expect(sent).toHaveLength(n);
    expect(sent[n - 1]).toEqual({ type: "cancel", id: "w1" });
  });

  it("that answers with an error is asked again; its sentence goes when an answer comes", async () => {
    const { history, sent, answer } = await long();
    history.isReady(2);
    history.receive({ type: "error", id: sent[0].id as string, message: "out of memory" }, []);
    expect(history.error).toBe("out of memory");
    vi.advanceTimersByTime(1_900);
    expect(windows(sent.filter(({ type }) => type === "fetch"))).toEqual([2]);
    vi.advanceTimersByTime(200);
    expect(windows(sent.filter(({ type }) => type === "fetch"))).toEqual([2, 2]);
    await answer(sent[sent.length - 1], block(2, 4, identity));
    expect(history.error).toBeNull();
    expect(history.isReady(3)).toBe(true);
  });
});

describe("what comes while playing", () => {
  it("is told at most once a second, and at once when the playhead rests", async () => {
    const { history, asked, answer } = await long();
    let told = 0;
    history.subscribe(() => told++);
    history.prefetch(0, true);
    const requests = asked();
    for (const request of requests.slice(0, 3)) {
      const start = request.start as number;
      await answer(request, block(start, start + 2, identity));
    }
    expect(told).toBe(0);
    expect(history.nLoaded).toBe(9);
    vi.advanceTimersByTime(1_100);
    expect(told).toBe(1);
    history.prefetch(0, false);
    await answer(requests[3], block(8, 10, identity));
    expect(told).toBe(2);
  });
});

describe("memory", () => {
  const MB = 1 << 20;
  const wide = { ...network, parameters: { [NAME]: [MB] } };
  const part = (k: number) => block(k, k + 1, () => 1, { dtype: "int8", n: MB });

  it("holds int8 codes, not their values", async () => {
    const blocks = Array.from({ length: 8 }, (_, k) => part(k));
    const { history } = await open({ n: 8, precision: "int8", network: wide, blocks, hasKernel: false });
    expect(history.progress.bytes).toBe(8 * MB);
    expect(history.parameter(NAME, 3)![5]).toBe(1);
    expect(history.progress.bytes).toBe(12 * MB);
  });

  it("is bounded: what is farthest from the playhead goes, and is fetched again", async () => {
    const about = { n: 30, window: 1, precision: "int8", network: wide, limit: 10.5 * MB } as const;
    const { history, asked, answer } = await open({ ...about, blocks: [part(29)] });
    for (let k = 0; k < 29; k++) {
      history.prefetch(k, false);
      history.isReady(k);
      await answer(asked()[asked().length - 1], part(k));
      expect(history.progress.bytes).toBeLessThanOrEqual(11 * MB);
    }
    expect([0, 5, 15, 25, 28, 29].map((k) => history.isHere(k))).toEqual([
      ...[false, false, false],
      ...[true, true, true],
    ]);
    expect(history.nLoaded).toBe(10);
    expect(history.isReady(5)).toBe(false);
    expect(asked()[asked().length - 1]).toMatchObject({ start: 5, stop: 6 });
  });

  it("of a page without a kernel is kept whole", async () => {
    const blocks = Array.from({ length: 8 }, (_, k) => part(k));
    const about = { n: 8, precision: "int8", network: wide, limit: MB } as const;
    const { history } = await open({ ...about, blocks, hasKernel: false });
    expect(history.nLoaded).toBe(8);
  });

  it("of the values of late frames is bounded too", async () => {
    const blocks = Array.from({ length: 32 }, (_, k) => part(k));
    const { history } = await open({ n: 32, precision: "int8", network: wide, blocks, hasKernel: false });
    for (let k = 0; k < 32; k++) history.parameter(NAME, k);
    expect(history.progress.bytes).toBeLessThanOrEqual(32 * MB + 64e6);
    expect(history.parameter(NAME, 31)).toBe(history.parameter(NAME, 31));
  });
});

describe("a network too large for the state", () => {
  const other = "lstm.weight_ih_l0";
  const large = () => open({ n: 3, window: 1, blocks: [], network: lstmNetwork(1, 1) });

  it("asks for the parameters that are drawn, and for no others", async () => {
    const { history, asked, answer } = await large();
    history.want([NAME]);
    expect([history.hasValues, history.isReady(2)]).toEqual([false, false]);
    expect(asked()).toMatchObject([{ start: 2, stop: 3, names: [NAME], quantity: "weights" }]);
    await answer(asked()[0], block(2, 3, identity));
    expect([history.hasValues, history.isReady(2), history.nLoaded]).toEqual([true, true, 1]);
    const out = new Float32Array(1);
    expect(history.bundle(bundle, 2, out)).toBe(true);
    expect(out[0]).toBe(2);
  });

  it("asks only for what is new when more is drawn", async () => {
    const { history, asked } = await large();
    history.want([NAME]);
    history.isReady(2);
    history.want([NAME, other]);
    history.isReady(2);
    history.isReady(2);
    expect(asked().map(({ names }) => names)).toEqual([[NAME], [other]]);
  });

  it("grows without its weights", async () => {
    const { history, asked } = await large();
    history.want([NAME]);
    const about = {
      run: "run",
      steps: null,
      epochs: null,
      metrics: {},
      precision: "int8",
      notes: [],
    } as const;
    history.receive(
      {
        type: "append",
        revision: 0,
        start: 3,
        first: 4,
        n_checkpoints: 4,
        blocks: [],
        part: null,
        ...about,
        notes: [],
      },
      [],
    );
    await history.decoding;
    expect(history.nCheckpoints).toBe(4);
    expect(history.isReady(3)).toBe(false);
    expect(asked()).toMatchObject([{ start: 3, stop: 4, names: [NAME] }]);
  });
});
