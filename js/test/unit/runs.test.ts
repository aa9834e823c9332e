import { describe, expect, it } from "vitest";
import type { BlockEntry, Index, Reply, RunOfSeveral } from "../../src/blocks";
import { dashesOf } from "../../src/extras/hues";
import type { History } from "../../src/history";
import { DEFAULTS, type Options } from "../../src/options";
import { historiesOf, looksOf, openAll, receive, standIn, timelineOf } from "../../src/runs";
import { Links } from "../../src/views/graph/links";
import { block, bundle, type Coded, NAME, network, type Rows, type Sent } from "./history.fixture";

interface Given {
  name: string;
  steps: number[] | null;
  code: Rows;
  about?: Coded;
  /** Checkpoints that ride in the state. */
  here?: number;
}

const links = new Float32Array(bundle.shape[0] * bundle.shape[1]);

/** Some runs as Python would send them. */
async function runsOf(given: Given[], hasKernel = false) {
  const sent: Sent[] = [];
  const parts: Uint8Array[] = [];
  const blocks: BlockEntry[] = [];
  const runs = given.map(({ name, steps, code, about = {}, here }, part): RunOfSeveral => {
    const n = steps?.length ?? 10;
    const [entry, bytes] = block(0, here ?? n, code, about);
    blocks.push({ ...entry, run: name, part });
    parts.push(bytes);
    const metrics = { loss: { x: steps ?? [], y: (steps ?? []).map(code) } };
    const precision = about.dtype ?? "float32";
    const window = here === undefined ? null : here;
    return {
      name,
      n_checkpoints: n,
      steps,
      epochs: null,
      metrics,
      revision: 0,
      precision,
      window,
      notes: [name],
    };
  });
  const summaries = { parameters: [NAME], blocks: [] };
  const index: Index = {
    format: 1,
    precision: "float32",
    window: null,
    notes: [],
    runs,
    blocks,
    orders: {},
    summaries,
  };
  const histories = historiesOf(index, network, hasKernel ? (message) => sent.push(message) : null);
  openAll(histories, index, parts);
  await Promise.all(histories.map(({ decoding }) => decoding));
  return {
    histories,
    sent,
    hear: (message: unknown, ...buffers: Uint8Array[]) => receive(histories, message as Reply, buffers),
  };
}

const adam: Given = { name: "adam", steps: [0, 20, 40, 60], code: (k) => k + 10 };
const sgd: Given = { name: "sgd", steps: [0, 30, 45], code: (k) => 2 * k };

function change(history: History, k: number, quantity: Options["quantity"], reference = 0): number {
  return history.change(bundle, k, quantity, reference, links) ? links[0] : Number.NaN;
}

describe("several runs", () => {
  it("have each its own weights, steps and notes", async () => {
    const { histories } = await runsOf([adam, sgd]);
    expect(
      histories.map(({ name, nCheckpoints, steps, notes }) => [name, nCheckpoints, steps, notes]),
    ).toEqual([
      ["adam", 4, adam.steps, ["adam"]],
      ["sgd", 3, sgd.steps, ["sgd"]],
    ]);
    expect(histories.map((history) => change(history, 2, "weights"))).toEqual([12, 4]);
  });

  it("are called runs once, also where their names say so, and have dashes of their own up to the sixth", async () => {
    const names = ["run 1", "adam", "Run", "runner", "5", "6"];
    const { histories } = await runsOf(names.map((name) => ({ ...sgd, name })));
    expect(histories.map(({ called }) => called)).toEqual([
      "run 1",
      "run adam",
      "Run",
      "run runner",
      "run 5",
      "run 6",
    ]);
    expect(new Set(timelineOf(histories[0]).metrics.map(({ dashes }) => dashes)).size).toBe(6);
    expect(new Set(names.map((_, i) => String(dashesOf(i)))).size).toBe(6);
  });

  it("ask each under its own name, with ids that tell them apart", async () => {
    const { histories, sent } = await runsOf([adam, { ...sgd, here: 1 }], true);
    histories[1].isReady(2);
    histories[0].exact(NAME, [0]);
    expect(sent.map(({ type, run, id }) => [type, run, id])).toEqual([
      ["fetch", "sgd", "1/w0"],
      ["exact", "adam", "0/e0"],
    ]);
  });

  it("hear what is theirs, and what is for all", async () => {
    const { histories, sent, hear } = await runsOf([adam, { ...sgd, here: 1 }], true);
    histories[1].isReady(1);
    const [entry, bytes] = block(1, 2, (k) => 2 * k);
    hear({ type: "blocks", id: sent[0].id, blocks: [{ ...entry, run: "sgd" }], done: true }, bytes);
    await histories[1].decoding;
    expect(change(histories[1], 1, "weights")).toBe(2);
    expect(change(histories[0], 1, "weights")).toBe(11);
    const order = { checkpoint: 0, groups: {} };
    hear({ type: "order", order: "correlation", ...order });
    expect(histories.map(({ orders }) => orders.correlation?.checkpoint)).toEqual([0, 0]);
    const news = { steps: [90], epochs: null, metrics: {}, blocks: [], precision: "float32", notes: [] };
    hear({ type: "append", run: "sgd", revision: 0, start: 3, first: 4, n_checkpoints: 4, ...news });
    expect(histories.map(({ nCheckpoints }) => nCheckpoints)).toEqual([4, 4]);
    expect(histories[1].steps).toEqual([0, 30, 45, 90]);
  });

  it("stand behind one history, which is that of the run shown", async () => {
    const { histories, hear } = await runsOf([adam, sgd], true);
    let shown = 0;
    const history = standIn(histories, () => histories[shown]);
    let told = 0;
    const stop = history.subscribe(() => told++);
    expect([history.name, change(history, 1, "weights")]).toEqual(["adam", 11]);
    shown = 1;
    expect([history.name, change(history, 1, "weights")]).toEqual(["sgd", 2]);
    hear({ type: "error", id: null, message: "run 'adam': no" });
    expect([history.error, told]).toEqual(["run 'adam': no", 2]); // of both
    stop();
    hear({ type: "error", id: null, message: "no" });
    expect(told).toBe(2);
  });

  it("share one domain, and a difference of two has its own", async () => {
    const { histories } = await runsOf([adam, { ...sgd, code: (k) => -100 * k }]);
    const domain = (history: History, looks: Partial<Options>) =>
      new Links(network, history, { ...DEFAULTS, ...looks }, () => true, new Map()).domain(bundle, 0);
    expect(domain(histories[0], {})).toBe(200);
    expect(domain(histories[1], {})).toBe(200);
    expect(domain(histories[0], { quantity: "against" as const, reference: 1 })).toBe(213); // 13 - -200, at step 60
    expect(domain(histories[0], { quantity: "difference", reference: 0 })).toBe(200);
  });

  it("have the same domain whichever of them came first", async () => {
    const { histories } = await runsOf([adam, { ...sgd, code: (k) => -100 * k }]);
    const { network: shown } = histories[0];
    const [late] = historiesOf({ runs: [{ name: "late" }] } as unknown as Index, network, null);
    const [early, whole] = [[histories[0], late], histories].map((peers) => {
      histories[0].peers = peers;
      const made = new Links(shown, histories[0], DEFAULTS, () => true, new Map());
      return [made.domain(bundle, 0), made.lasting.size];
    });
    expect([early, whole]).toEqual([
      [13, 0], // nothing grows from it
      [200, 1],
    ]);
  });

  it("tell their metrics side by side, of which those that count otherwise are left out", async () => {
    const { histories } = await runsOf([adam, sgd, { ...sgd, name: "stepless", steps: null }]);
    const { metrics } = timelineOf(histories[0]);
    expect(metrics.map(({ name, run, dashes }) => [name, run, dashes])).toEqual([
      ["loss", "adam", "nwv-run-1"],
      ["loss", "sgd", "nwv-run-2"],
    ]);
    const [alone] = (await runsOf([adam])).histories;
    expect(timelineOf(alone).metrics).toBe(alone.metrics);
  });
});

describe("a run alone", () => {
  it("asks and hears as if there were no others", async () => {
    const { histories, sent, hear } = await runsOf([{ ...adam, name: "run" }], true);
    histories[0].exact(NAME, [0]);
    expect(sent).toEqual([{ type: "exact", id: "e0", run: "run", parameter: NAME, entries: [0] }]);
    hear({ type: "error", id: null, message: "no" });
    expect(histories[0].error).toBe("no");
  });

  it("leaves options as they are", async () => {
    const { histories } = await runsOf([adam]);
    const options: Options = { ...DEFAULTS, compare: "difference" };
    expect(looksOf(options, histories)).toBe(options);
  });
});

describe("options with several runs", () => {
  it.each([
    [{}, ["adam", "sgd"]],
    [{ run: "sgd" }, ["sgd", "adam"]],
    [{ against: "third" }, ["adam", "third"]],
    [{ run: "third", against: "third" }, ["third", "adam"]],
    [{ run: "gone", against: "gone" }, ["adam", "sgd"]],
  ])("name two runs: %j", async (change, names) => {
    const { histories } = await runsOf([adam, sgd, { ...sgd, name: "third" }]);
    const { run, against } = looksOf({ ...DEFAULTS, ...change }, histories);
    expect([run, against]).toEqual(names);
  });

  it("come to a quantity of its own, or to one scale for both", async () => {
    const { histories } = await runsOf([adam, sgd]);
    const looks = (change: Partial<Options>) => looksOf({ ...DEFAULTS, ...change }, histories);
    expect(looks({ compare: "difference", quantity: "update" })).toMatchObject({
      quantity: "against",
      reference: 1,
    });
    expect(looks({ compare: "difference", run: "sgd" })).toMatchObject({ quantity: "against", reference: 0 });
    expect(looks({ compare: "side", scale: "checkpoint" })).toMatchObject({
      scale: "layer",
      quantity: "weights",
    });
    expect(looks({ scale: "checkpoint" }).scale).toBe("checkpoint");
  });
});

describe("the difference of two runs", () => {
  it("subtracts the latest checkpoint that is not later", async () => {
    const { histories } = await runsOf([adam, sgd]);
    const of = (run: number, against: number) =>
      Array.from({ length: histories[run].nCheckpoints }, (_, k) =>
        change(histories[run], k, "against", against),
      );
    expect(of(0, 1)).toEqual([10 - 0, 11 - 0, 12 - 2, 13 - 4]); // steps 0, 0, 30, 45 of sgd
    expect(of(1, 0)).toEqual([0 - 10, 2 - 11, 4 - 12]); // steps 0, 20, 40 of adam
    expect([...histories[0].stored(bundle, 0, 0, "against", 1)]).toEqual(of(0, 1));
  });

  it("needs both to be here", async () => {
    const { histories, sent } = await runsOf([adam, { ...sgd, here: 1 }], true);
    expect(histories[0].isReady(1, "against", 1)).toBe(true); // against the first
    expect(histories[0].isReady(3, "against", 1)).toBe(false);
    expect(sent.map(({ run, start }) => [run, start])).toEqual([["sgd", 2]]);
    expect(change(histories[0], 3, "against", 1)).toBeNaN();
  });

  it("of rounded weights is asked for, and asked for anew when the other has grown", async () => {
    const rounded = { dtype: "int8" as const, scale: 0.5 };
    const { histories, sent, hear } = await runsOf(
      [
        { ...adam, about: rounded },
        { ...sgd, about: rounded },
      ],
      true,
    );
    const asked = () => sent.filter(({ type }) => type === "fetch");
    histories[0].show("against", 1);
    expect(histories[0].isReady(3)).toBe(false);
    expect(asked()).toMatchObject([{ run: "adam", quantity: "against", reference: 1 }]);
    expect(histories[0].isRounded(3)).toBe(true);
    const [entry, bytes] = block(0, 4, () => 0.125, { quantity: "against", reference: 1 });
    hear({ type: "blocks", id: asked()[0].id, blocks: [entry], done: true }, bytes);
    await histories[0].decoding;
    expect([histories[0].isReady(3), change(histories[0], 3, "against", 1)]).toEqual([true, 0.125]);
    expect(histories[0].isRounded(3)).toBe(false);
    const news = { steps: [50], epochs: null, metrics: {}, blocks: [], precision: "int8", notes: [] };
    hear({ type: "append", run: "sgd", revision: 0, start: 3, first: 4, n_checkpoints: 4, ...news });
    expect(histories[0].isReady(3)).toBe(false);
    expect(asked()).toHaveLength(2);
  });

  it("of rounded weights is subtracted where there is no kernel, and says so", async () => {
    const about = { dtype: "int8" as const, scale: 0.5 };
    const { histories } = await runsOf([{ ...adam, about }, sgd]);
    histories[0].show("against", 1);
    expect([histories[0].isReady(3), histories[0].isRounded(3)]).toEqual([true, true]);
    expect(change(histories[0], 3, "against", 1)).toBe(6.5 - 4);
    histories[1].show("against", 0);
    expect(histories[1].isRounded(0)).toBe(true); // what is subtracted is
  });
});
