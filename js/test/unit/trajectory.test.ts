import { describe, expect, it } from "vitest";
import { partsOf } from "../../src/extras/parts";
import { ofWithout } from "../../src/extras/trajectory/keys";
import { extentOf } from "../../src/extras/trajectory/lines";
import { areHere, Numbers } from "../../src/extras/trajectory/numbers";
import { distanceTo, lengthOf, trace, within } from "../../src/extras/trajectory/path";
import { Plot } from "../../src/extras/trajectory/plot";
import {
  drawnAtRandom,
  linkOf,
  poolOf,
  poolOfEntries,
  selectedEntries,
  strongest,
} from "../../src/extras/trajectory/sample";
import { timeOf } from "../../src/extras/trajectory/time";
import { Weights } from "../../src/extras/trajectory/weights";
import { firstSource, linkEntries } from "../../src/network";
import { block, NAME, open } from "./history.fixture";
import { chain, groupedNetwork, lstmNetwork } from "./nets";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("a sample of weights", () => {
  it("drawn at random is the one that Python's arithmetic gives", () => {
    expect(drawnAtRandom(5, 26, 0)).toEqual([6, 1, 7, 0, 14]);
    expect(drawnAtRandom(6, 98590, 7)).toEqual([1153, 6109, 96313, 68918, 51411, 39983]);
  });
  it("drawn at random has no weight twice, and at most all", () => {
    const drawn = drawnAtRandom(500, 300, 3);
    expect([...drawn].sort((a, b) => a - b)).toEqual(range(300));
  });
  it("of the strongest takes the first of equal ones", () => {
    const peaks = Float32Array.of(1, 3, 2, 2, 3, 0, 2);
    expect(strongest(peaks, 4)).toEqual([1, 4, 2, 3]);
    expect(strongest(peaks, 9)).toEqual([1, 4, 2, 3, 6, 0, 5]);
  });
  it("knows the peaks of finite weights only", () => {
    const network = chain(["input", "fc"], [2, 1]);
    const pool = poolOf(network, partsOf(network, { of: null, by: "layer" }), () => 0);
    const peaks = new Float32Array(pool.size);
    const at = (weight: number[], bias: number) => (name: string) =>
      Float32Array.from(name === "fc.weight" ? weight : [bias]);
    pool.raise(peaks, at([Number.NaN, -2], Number.POSITIVE_INFINITY));
    pool.raise(peaks, at([0.5, 1], -3));
    expect([...peaks]).toEqual([0.5, 2, 3]);
    expect([0, 1, 2].map((i) => pool.at(i))).toEqual([
      { part: 0, parameter: "fc.weight", entry: 0 },
      { part: 0, parameter: "fc.weight", entry: 1 },
      { part: 0, parameter: "fc.bias", entry: 0 },
    ]);
  });
  it("of gates has the kernels of each, without biases", () => {
    const network = lstmNetwork(2, 3);
    const parts = partsOf(network, { of: null, by: "gate" });
    const pool = poolOf(network, parts, (part) => parts.indexOf(part));
    expect(pool.size).toBe(4 * (3 * 2 + 3 * 3));
    const forget = range(pool.size)
      .map((i) => pool.at(i))
      .filter(({ part }) => parts[part].name === "lstm.f");
    expect(forget.map(({ parameter, entry }) => `${parameter} ${entry}`)).toEqual([
      ...range(6).map((i) => `lstm.weight_ih_l0 ${6 + i}`),
      ...range(9).map((i) => `lstm.weight_hh_l0 ${9 + i}`),
    ]);
  });
  it("of a selected unit has the links into it and those out of it", () => {
    const network = chain(["input", "fc1", "fc2"], [2, 3, 2]);
    const entries = selectedEntries(network, { group: "fc1", unit: 1 });
    const names = entries.map(({ parameter, entry }) => `${parameter} ${entry}`);
    const own = ["fc1.weight 2", "fc1.weight 3", "fc1.bias 1", "fc2.weight 1", "fc2.weight 4"];
    expect(names.sort()).toEqual(own.sort());
    expect(poolOfEntries(entries, ({ parameter }) => (parameter === "fc2.weight" ? -1 : 0)).size).toBe(3);
  });
  it("finds the link of every entry", () => {
    for (const network of [lstmNetwork(2, 3), groupedNetwork(6, 2)])
      for (const bundle of network.bundles) {
        const own = network.bundles.filter(({ parameter }) => parameter === bundle.parameter);
        for (const target of range(bundle.shape[0]))
          for (const i of range(bundle.shape[1])) {
            const source = firstSource(bundle, target) + i;
            for (const entry of linkEntries(bundle, target, source))
              expect(linkOf(own, entry)).toEqual({ bundle, target, source });
          }
      }
  });
});

/** The points of a path, by stretches. */
function traced(x: number[], y: number[], column = 1): [number, number][][] {
  const stretches: [number, number][][] = [];
  trace({ x, y }, 0, x.length, column, {
    moveTo: (px, py) => stretches.push([[px, py]]),
    lineTo: (px, py) => stretches.at(-1)!.push([px, py]),
  });
  return stretches;
}

describe("a path", () => {
  it("goes through every point where there are few", () => {
    expect(traced([0, 5, 9], [1, 2, 0])).toEqual([
      [
        [0, 1],
        [5, 2],
        [9, 0],
      ],
    ]);
  });
  it("keeps the first, lowest, highest and last point of a pixel column", () => {
    const y = [5, 9, 3, 4, 1, 6, 5.5, 5];
    const [points] = traced(
      y.map((_, i) => i / 10),
      y,
    );
    expect(points.map(([, py]) => py)).toEqual([5, 9, 1, 5]);
  });
  it("has at most four points a column, and loses no extreme", () => {
    const y = range(10_000).map((i) => Math.sin(i * i));
    const points = traced(
      range(10_000).map((i) => i / 100),
      y,
    ).flat();
    expect(points.length).toBeLessThanOrEqual(4 * 100);
    expect(Math.max(...points.map(([, py]) => py))).toBe(Math.max(...y));
    expect(Math.min(...points.map(([, py]) => py))).toBe(Math.min(...y));
  });
  it("stops at a gap, and a point alone is a dot", () => {
    const stretches = traced([0, 10, 20, 30, 40], [1, 2, Number.NaN, 3, Number.NaN]);
    expect(stretches.map((points) => points.map(([px]) => Math.round(px)))).toEqual([
      [0, 10],
      [30, 30],
    ]);
    expect(stretches[1][1][0]).toBeGreaterThan(30);
  });
  it("is as near as its nearest piece", () => {
    const track = { x: [0, 10, 20], y: [0, 0, 10] };
    expect(distanceTo(track, [0, 3], 5, 4)).toBe(4);
    expect(distanceTo(track, [0, 3], 20, 14)).toBe(4);
    expect(distanceTo({ x: [0, 10, 20], y: [0, Number.NaN, 0] }, [0, 3], 10, 0)).toBe(10);
    expect(lengthOf({ x: [0, 3, 9, 9], y: [0, 4, Number.NaN, 2] }, 0, 4)).toBe(5);
  });
  it("is looked at from just before to just after what is in sight", () => {
    const x = [Number.NaN, 0, 10, 20, 30, 40];
    expect(within(x, 15, 25)).toEqual([2, 5]);
    expect(within(x, -5, 99)).toEqual([0, 6]);
  });
});

describe("time", () => {
  const run = (name: string, steps: (number | null)[] | null, n = steps?.length ?? 0) => ({
    name,
    nCheckpoints: n,
    steps,
    epochs: null,
    metrics: [],
  });
  it("has all runs on the axis of the one that is shown", () => {
    const runs = [run("a", [0, 10, 20]), run("b", [0, 15, 40]), run("c", null, 3)];
    const { at, full, title } = timeOf(runs, runs[0], "step", false);
    expect(title).toBe("step");
    expect([...at[0]!]).toEqual([0, 1, 2]); // evenly spaced ones are numbered
    expect([...at[1]!]).toEqual([0, 1.5, 4]);
    expect(at[2]).toBeNull();
    expect(full).toEqual([0, 4]);
  });
  it("has no place for step 0 on a logarithmic axis", () => {
    const only = run("a", [0, 1, 10, 100]);
    const { at, full, ticks } = timeOf([only], only, "step", true);
    expect([...at[0]!]).toEqual([Number.NaN, 1, 10, 100]);
    expect(full).toEqual([1, 100]);
    expect(ticks(full, 5).map(({ text }) => text)).toEqual(["1", "10", "100"]);
  });
  it("numbers checkpoints from 1 on a logarithmic axis where nothing else is known", () => {
    const only = run("a", null, 3);
    expect([...timeOf([only], only, "step", true).at[0]!]).toEqual([1, 2, 3]);
  });
});

describe("a plot", () => {
  const only = { name: "a", nCheckpoints: 3, steps: [0, 1, 2], epochs: null, metrics: [] };
  const time = timeOf([only], only, "step", false);
  const box = { left: 0, top: 0, right: 100, bottom: 100 };
  const line = (...values: number[]) => ({
    part: 0,
    run: 0,
    values: Float64Array.from(values),
    weight: null,
  });
  it("leaves out and counts what a logarithmic axis has no place for", () => {
    const lines = [line(0, 1, 100), line(-1, Number.NaN, 10)];
    expect(extentOf(lines, true)).toEqual({ low: 1, high: 100, nLeftOut: 2 });
    expect(extentOf(lines, false)).toEqual({ low: -1, high: 100, nLeftOut: 0 });
    expect(extentOf([line(Number.NaN)], false)).toBeNull();
  });
  it("finds the line within reach that is nearest", () => {
    const lines = [line(0, 0, 0), line(1, 1, 1)];
    const plot = new Plot(lines, time, box, { x: null, y: null }, false);
    const [low, high] = [plot.y(0), plot.y(1)];
    expect(plot.lineAt(33, low - 6)).toBe(lines[0]);
    expect(plot.lineAt(33, high + 6)).toBe(lines[1]);
    expect(plot.lineAt(33, (low + high) / 2)).toBeNull();
  });
  it("zooms along one axis where the rectangle is flat", () => {
    const plot = new Plot([line(0, 1, 2)], time, box, { x: null, y: null }, false);
    const zoom = plot.zoomBetween({ x: 50, y: 30 }, { x: 75, y: 33 });
    expect(zoom).toEqual({ x: [1, 1.5], y: null });
    const zoomed = new Plot([line(0, 1, 2)], time, box, zoom, false);
    expect(zoomed.x(1)).toBe(0);
    expect(zoomed.zoomBy(10, { x: 50, y: 50 }, { x: 0, y: 0 })).toEqual({ x: null, y: null });
  });
  it("has the playhead on its way from checkpoint to checkpoint", () => {
    const plot = new Plot([line(0, 1, 2)], time, box, { x: null, y: null }, false);
    expect([0, 0.5, 2].map((position) => plot.headAt(0, position))).toEqual([0, 25, 100]);
  });
});

describe("what is still with the kernel", () => {
  const how = { normalise: "none", below: 3 } as const;
  const windowed = { n: 10, window: 5, blocks: [block(0, 5, (k) => k)] };
  it("has no number until it is here", async () => {
    const { history, asked, answer } = await open(windowed);
    const part = partsOf(history.network, { of: [NAME], by: "parameter" })[0];
    const numbers = new Numbers(history);
    numbers.begin();
    const before = numbers.read(part, "sparsity", how);
    expect(before.nUnknown).toBe(5);
    expect([...before.values.subarray(0, 5)]).toEqual([1, 1, 1, 1, 0]);
    expect(areHere(history, [NAME], 7)).toBe(false);
    history.isReady(7, "weights");
    await answer(
      asked()[0],
      block(5, 10, (k) => 10 - k),
    );
    const { values, nUnknown } = numbers.read(part, "sparsity", how);
    expect(nUnknown).toBe(0);
    expect([...values.subarray(5)]).toEqual([0, 0, 1, 1, 1]);
  });
  it("is asked for exactly, all weights at once and once", async () => {
    const { history, sent } = await open(windowed);
    let nChanges = 0;
    const weights = new Weights(() => nChanges++);
    const entries = [1, 3].map((entry) => ({ parameter: NAME, entry }));
    const { rows, known } = weights.read(history, entries);
    expect([...rows[0]]).toEqual([0, 1, 2, 3, 4, ...Array(5).fill(Number.NaN)]);
    expect([...known]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    weights.read(history, entries);
    const requests = sent.filter(({ type }) => type === "exact");
    expect(requests.map(({ parameter, entries: some }) => [parameter, some])).toEqual([[NAME, [1, 3]]]);
    const values = new Float64Array(20).map((_, i) => i / 2);
    const reply = { type: "exact", id: requests[0].id as string, dims: [10, 2] as [number, number] } as const;
    history.receive(reply, [new DataView(values.buffer)]);
    await new Promise((resolve) => setTimeout(resolve));
    expect(nChanges).toBe(1);
    const exact = weights.read(history, entries);
    expect([...exact.rows[1]]).toEqual(range(10).map((k) => k + 0.5));
    expect(exact.known.every((isKnown) => isKnown === 1)).toBe(true);
  });
});

describe("the key", () => {
  const network = chain(["input", "fc1", "fc2", "fc3"], 2);
  const all = partsOf(network, { of: null, by: "layer" });
  const [fc1, fc2, fc3] = all;
  it("hides a part and shows it again", () => {
    expect(ofWithout(network, { of: null, by: "layer" }, all, fc2)).toEqual(["fc1", "fc3"]);
    expect(ofWithout(network, { of: ["fc1", "fc3"], by: "layer" }, all, fc2)).toBeNull();
    expect(ofWithout(network, { of: ["fc1"], by: "layer" }, all, fc3)).toEqual(["fc1", "fc3"]);
  });
  it("shows all rather than none", () => {
    expect(ofWithout(network, { of: ["fc1"], by: "layer" }, all, fc1)).toBeNull();
  });
  it("keeps what is shown of a layer in part", () => {
    expect(ofWithout(network, { of: ["fc1.weight"], by: "layer" }, all, fc3)).toEqual(["fc1.weight", "fc3"]);
  });
});
