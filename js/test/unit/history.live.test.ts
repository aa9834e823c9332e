// A history that grows by messages of which some are lost, and one that is revised.
import { describe, expect, it } from "vitest";
import type { AppendMessage, Index } from "../../src/blocks";
import { block, bundle, NAME, open } from "./history.fixture";

type About = Partial<AppendMessage> & { start: number; n_checkpoints: number };

/** What Python sends of checkpoints from `start` on; their weights are their numbers. */
function growth({ start, n_checkpoints, ...about }: About): [AppendMessage, Uint8Array[]] {
  const [entry, bytes] = block(start, n_checkpoints, (k) => k);
  const steps = Array.from({ length: n_checkpoints - start }, (_, i) => 10 * (start + i));
  const isEmpty = start === n_checkpoints || about.first === n_checkpoints;
  const message: AppendMessage = {
    ...{ type: "append", run: "run", revision: 0, start, first: start, n_checkpoints },
    ...{ steps, epochs: null, metrics: {}, blocks: isEmpty ? [] : [entry], part: null },
    ...{ precision: "float32", notes: [], ...about },
  };
  return [message, [bytes]];
}

const points = (start: number, stop: number) => {
  const x = Array.from({ length: stop - start }, (_, i) => start + i);
  return { start, x, y: x.map((k) => k / 2) };
};

describe("a message that was lost", () => {
  it("is noticed by the next one, asked for, and its weights are fetched where they are needed", async () => {
    const { history, sent, asked } = await open({ n: 2 });
    history.receive(...growth({ start: 4, n_checkpoints: 6 }));
    await history.decoding;
    expect(history.nCheckpoints).toBe(6);
    expect(history.steps).toEqual([null, null, null, null, 40, 50]);
    expect(sent).toEqual([{ type: "tail", revision: 0, start: 2 }]);
    expect([1, 5].map((k) => history.isReady(k))).toEqual([true, true]);
    expect(history.isReady(3)).toBe(false);
    expect(asked()).toMatchObject([{ type: "fetch", start: 0, stop: 6 }]);
    history.receive(...growth({ start: 2, first: 6, n_checkpoints: 6 }));
    await history.decoding;
    expect(history.steps).toEqual([null, null, 20, 30, 40, 50]);
    expect(history.bundle(bundle, 5, new Float32Array(4))).toBe(true);
    history.receive(...growth({ start: 6, n_checkpoints: 7 }));
    expect(sent.filter(({ type }) => type === "tail")).toHaveLength(1);
  });

  it("is noticed by a reminder, too, which adds nothing", async () => {
    const { history, sent } = await open({ n: 2 });
    const reminder = growth({ start: 4, first: 4, n_checkpoints: 4, metrics: { loss: points(3, 3) } });
    history.receive(...reminder);
    expect(sent).toEqual([{ type: "tail", revision: 0, start: 2 }]);
    const metrics = { loss: points(0, 3) };
    history.receive(...growth({ start: 2, first: 4, n_checkpoints: 4, metrics }));
    history.receive(...reminder);
    await history.decoding;
    expect(sent).toHaveLength(1);
    expect(history.metrics).toEqual([{ name: "loss", x: [0, 1, 2], y: [0, 0.5, 1] }]);
  });

  it("is noticed where only points of a curve were in it", async () => {
    const { history, sent } = await open({ n: 2 });
    const point = (k: number) => growth({ start: 2, n_checkpoints: 2, metrics: { loss: points(k, k + 1) } });
    history.receive(...point(0));
    history.receive(...point(3));
    expect(sent).toEqual([{ type: "tail", revision: 0, start: 2 }]);
    expect(history.metrics[0].x).toEqual([0, 0, 0, 3]); // what is missing is as the last one known
    const whole = { metrics: { loss: points(0, 4) } };
    history.receive(...growth({ start: 2, first: 2, n_checkpoints: 2, ...whole }));
    expect(history.metrics[0].x).toEqual([0, 1, 2, 3]);
  });

  it("is asked for again at each reminder, as long as it is missing", async () => {
    const { history, sent } = await open({ n: 2 });
    for (let s = 0; s < 4; s++) history.receive(...growth({ start: 4 + s, n_checkpoints: 5 + s }));
    expect(sent).toHaveLength(1);
    const reminder = growth({ start: 8, first: 8, n_checkpoints: 8 });
    for (let s = 0; s < 3; s++) history.receive(...reminder);
    expect(sent).toEqual(new Array(4).fill({ type: "tail", revision: 0, start: 2 }));
    history.receive(...growth({ start: 2, first: 8, n_checkpoints: 8 }));
    history.receive(...reminder);
    expect(sent).toHaveLength(4);
  });
});

describe("a history that is revised", () => {
  const index = (revision: number, n: number, steps: number[] | null): [Index, Uint8Array[]] => {
    const [entry, bytes] = block(0, n, (k) => 100 + k);
    const runs = [{ name: "run", n_checkpoints: n, steps, epochs: null, metrics: { loss: points(0, n) } }];
    const blocks = [{ ...entry, part: 0 }];
    const about = { precision: "float32" as const, window: null, notes: [], orders: {} };
    return [{ format: 1, revision, runs, blocks, ...about }, [bytes]];
  };

  it("begins anew: nothing of what was there before is left, nor of what is still on its way", async () => {
    const { history, asked, sent, answer } = await open({
      n: 10,
      window: 5,
      blocks: [block(0, 5, (k) => k)],
    });
    history.isReady(7);
    const [request] = asked();
    const moved: number[] = [];
    history.revised = (number) => moved.push(...[0, 4, 9].map(number));
    history.receive(...growth({ start: 10, n_checkpoints: 11, metrics: { loss: points(0, 11) } }));
    const [reset, parts] = index(1, 3, null);
    history.receive({ type: "reset", index: reset }, parts);
    await history.decoding;
    expect(moved).toEqual([0, 2, 2]);
    expect([history.nCheckpoints, history.revision]).toEqual([3, 1]);
    expect(history.metrics[0].x).toEqual([0, 1, 2]);
    expect(history.parameter(NAME, 2)![0]).toBe(102);
    expect(sent).toContainEqual({ type: "cancel", id: request.id });
    await answer(
      request,
      block(0, 3, (k) => k),
    );
    expect(history.parameter(NAME, 2)![0]).toBe(102);
  });

  it("goes on at the same step, or the one before it", async () => {
    const { history } = await open({ n: 1 });
    history.receive(...growth({ start: 1, n_checkpoints: 8 }));
    let number = (k: number) => k;
    history.revised = (given) => {
      number = given;
    };
    const [reset, parts] = index(1, 4, [0, 20, 50, 60]);
    history.receive({ type: "reset", index: reset }, parts);
    await history.decoding;
    expect([2, 3, 5, 7].map(number)).toEqual([1, 1, 2, 3]);
  });

  it("asks for everything where it hears of another revision, and takes nothing of it before", async () => {
    const { history, sent } = await open({ n: 2 });
    history.receive(...growth({ start: 2, n_checkpoints: 3, revision: 1 }));
    await history.decoding;
    expect(history.nCheckpoints).toBe(2);
    expect(sent).toEqual([{ type: "tail", revision: 0, start: 0 }]);
    const [reset, parts] = index(1, 3, null);
    history.receive({ type: "reset", index: reset }, parts);
    history.receive(...growth({ start: 3, n_checkpoints: 4, revision: 1 }));
    await history.decoding;
    expect(history.nCheckpoints).toBe(4);
    expect(sent).toHaveLength(1);
  });
});
