import { describe, expect, it } from "vitest";
import { type Span, timeAxis } from "../../src/panel/axis";
import {
  curveOf,
  curvePath,
  extentOf,
  isShareName,
  type Metric,
  marksPath,
  oddPoints,
  padded,
  valueTicks,
} from "../../src/panel/curves";
import { prepare, sceneOf, sidesOf, UPDATE_SIZE, whyNotLog } from "../../src/panel/scene";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The curve of one metric over checkpoints with these steps (null: none known). */
function curve(
  metric: Metric,
  steps: (number | null)[] | null,
  nCheckpoints = steps?.length ?? 0,
  layout: "step" | "index" = "step",
) {
  const moments = { nCheckpoints, steps, epochs: null };
  const axis = timeAxis(moments, [metric.x], layout);
  return curveOf(metric, 0, axis, timeAxis(moments, [], "index"), moments);
}

const unit = { x: (x: number) => x, y: (y: number) => y };
const everywhere: Span = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

describe("a curve", () => {
  it("has a value at a checkpoint only where one was recorded", () => {
    const metric = { name: "loss", x: [0, 5, 10, 20], y: [3, 2, Number.NaN, 1] };
    expect(curve(metric, [0, 10, 15, 20]).values).toEqual([3, Number.NaN, null, 1]);
    expect(curve({ name: "loss", x: [0, 2], y: [3, 1] }, null, 3).values).toEqual([3, null, 1]);
    expect(curve(metric, [0, null, 20]).values).toEqual([3, null, 1]);
  });
  it("shows the last of several values of one step", () => {
    expect(curve({ name: "loss", x: [0, 10, 10], y: [3, 2, 1] }, [0, 10]).values).toEqual([3, 1]);
  });
  it("is sorted along the axis", () => {
    const { x, y } = curve({ name: "loss", x: [20, 0, 10], y: [1, 3, 2] }, [0, 10, 20]);
    expect([[...x], [...y]]).toEqual([
      [0, 1, 2],
      [3, 2, 1],
    ]);
  });
  it("has gaps where nothing was recorded for long", () => {
    const x = [0, 1, 2, 3, 10, 11, 12];
    expect([...curve({ name: "loss", x, y: x }, null, 13).breaks]).toEqual([1, 0, 0, 0, 1, 0, 0]);
  });
  it("has no gaps on logarithmically spaced checkpoints, nor in steady logs between them", () => {
    const steps = range(12).map((k) => 2 ** k);
    for (const x of [steps, range(200).map((i) => i * 10)])
      for (const layout of ["step", "index"] as const)
        expect([...curve({ name: "loss", x, y: x }, steps, 12, layout).breaks].indexOf(1, 1)).toBe(-1);
  });
  it("breaks around values that are not finite, and marks them", () => {
    const y = [1, 2, Number.NaN, 4, Number.POSITIVE_INFINITY, 6, 7];
    const broken = curve({ name: "loss", x: range(7), y }, null, 7);
    expect(curvePath(broken, everywhere, unit)).toBe("M0,1h0L1,2M3,4h0M5,6h0L6,7");
    expect(oddPoints(broken, everywhere, unit, 1).map(({ i }) => i)).toEqual([2, 4]);
  });
  it("keeps lowest and highest of each pixel, and draws at most four points there", () => {
    const n = 100_000;
    const y = range(n).map((i) => (i === 50_049 ? -1e6 : i === 50_051 ? 1e6 : Math.sin(i)));
    const dense = curve({ name: "loss", x: range(n), y }, null, n);
    const path = curvePath(dense, everywhere, { x: (x) => x / 250, y: (v) => v });
    expect(path.match(/[ML]/g)!.length).toBeLessThanOrEqual(1600);
    expect(path).toContain(",-1000000");
    expect(path).toContain(",1000000");
  });
  it("reaches over the edges of a zoom", () => {
    const line = curve({ name: "loss", x: range(10), y: range(10) }, null, 10);
    expect(curvePath(line, [3.5, 5.5], unit)).toBe("M3,3h0L4,4L5,5L6,6");
  });
  it("is a share of one by the words of its name", () => {
    const names = ["val_acc", "testAccuracy", "F1", "auc/val", "accumulated", "loss", "vacc"];
    expect(names.map(isShareName)).toEqual([true, true, true, true, false, false, false]);
  });
});

describe("values", () => {
  it("span what is finite within the zoom", () => {
    const line = curve({ name: "loss", x: range(4), y: [9, Number.NaN, 2, 3] }, null, 4);
    expect(extentOf([line], everywhere)).toEqual([2, 9]);
    expect(extentOf([line], [1, 3])).toEqual([2, 3]);
    expect(extentOf([line], [1, 1])).toBeNull();
    expect(padded([5, 5], false)).toEqual([2.5, 7.5]);
    expect(padded([0, 0], false)).toEqual([-0.5, 0.5]);
  });
  it("have two to four ticks, whatever the domain", () => {
    for (const domain of [
      [0, 1],
      [0.03, 2.1],
      [-4, 13],
      [1e-7, 9e-7],
      [100, 123_456],
      [0.9786, 0.9795],
    ] as Span[]) {
      const count = valueTicks(domain, false).length;
      expect(count, String(domain)).toBeGreaterThanOrEqual(2);
      expect(count, String(domain)).toBeLessThanOrEqual(4);
    }
    for (const domain of [
      [1e-9, 1e3],
      [0.2, 0.9],
      [0.011, 0.012],
      [1, 100],
    ] as Span[]) {
      const count = valueTicks(domain, true).length;
      expect(count, String(domain)).toBeGreaterThanOrEqual(2);
      expect(count, String(domain)).toBeLessThanOrEqual(5);
    }
  });
  it("are written with as many decimals as their distance needs", () => {
    expect(valueTicks([0, 1], false).map((tick) => tick.text)).toEqual(["0.0", "0.5", "1.0"]);
    expect(valueTicks([0, 3], false).map((tick) => tick.text)).toEqual(["0", "1", "2", "3"]);
    expect(valueTicks([1e-4, 1], true).map((tick) => tick.text)).toContain("0.01");
  });
  it("are short, with a true minus, however large or small", () => {
    const texts = (domain: Span, isLog: boolean) => valueTicks(domain, isLog).map((tick) => tick.text);
    expect(texts([-5, 5], false)).toEqual(["−5", "0", "5"]);
    expect(texts([1e-7, 9e-7], false)).toEqual(["2e-7", "4e-7", "6e-7", "8e-7"]);
    expect(texts([100, 123_456], false)).toEqual(["50000", "1e5"]);
    expect(texts([-2e6, 1e6], false)).toEqual(["−2e6", "−1e6", "0", "1e6"]);
    expect(texts([1.2345e6, 1.2355e6], false)).toEqual(["1.2345e6", "1.235e6", "1.2355e6"]);
    expect(texts([1e-9, 1e3], true)).toEqual(["1e-9", "1e-5", "0.1", "1000"]);
    expect(texts([0.011, 0.012], true)).toEqual(["0.011", "0.0115", "0.012"]);
  });
});

describe("marks of checkpoints", () => {
  it("are thinned where they would touch", () => {
    const at = range(1500);
    const path = marksPath(at, [0, 1499], (x) => x / 3, 0, 4);
    expect(path.match(/M/g)!.length).toBeLessThanOrEqual(168);
    expect(marksPath([0, 10, 20], [5, 30], (x) => x, 0, 4)).toBe("M10,0V4M20,0V4");
  });
});

describe("a scene", () => {
  const data = {
    nCheckpoints: 4,
    steps: null,
    epochs: null,
    metrics: [
      { name: "loss", x: range(4), y: [20, 4, 2, 1] },
      { name: "val_acc", x: range(4), y: [0.1, 0.5, 0.8, 0.9] },
    ],
    updateSizes: null,
  };
  const box = { left: 0, right: 300, top: 0, bottom: 60 };

  it("gives shares an axis of their own beside other metrics only", () => {
    const { curves } = prepare(data, "step");
    expect(sidesOf(curves).map((side) => side.map((c) => c.name))).toEqual([["loss"], ["val_acc"]]);
    expect(sidesOf(curves.slice(1)).map((side) => side.length)).toEqual([1, 0]);
  });
  it("is logarithmic only where all values of the axis allow it", () => {
    const looks = { x: "step", y: "log", metrics: null } as const;
    expect(sceneOf(prepare(data, "step"), looks, [0, 3], box).left!.isLog).toBe(true);
    const metrics = [{ name: "loss", x: range(4), y: [20, 4, 2, 0] }];
    const prepared = prepare({ ...data, metrics }, "step");
    expect(sceneOf(prepared, looks, [0, 3], box).left!.isLog).toBe(false);
    expect(whyNotLog(prepared.curves)).toContain("positive");
  });
  it("puts larger values higher, on both scales", () => {
    for (const y of ["linear", "log"] as const) {
      const { left } = sceneOf(prepare(data, "step"), { x: "step", y, metrics: null }, [0, 3], box);
      expect(left!.y(20)).toBeLessThan(left!.y(1));
      expect(left!.y(20)).toBeGreaterThanOrEqual(0);
      expect(left!.y(1)).toBeLessThanOrEqual(60);
    }
  });
  it("shows the size of the update where there are no metrics, but none at the first checkpoint", () => {
    const prepared = prepare({ ...data, metrics: [], updateSizes: [Number.NaN, 3, 2, 1] }, "step");
    expect(prepared.curves.map((c) => c.name)).toEqual([UPDATE_SIZE]);
    expect(prepared.curves[0].values).toEqual([null, 3, 2, 1]);
  });
});
