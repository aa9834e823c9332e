import { describe, expect, it } from "vitest";
import {
  along,
  isUneven,
  nearest,
  paged,
  type Span,
  timeAxis,
  timeTicks,
  zoomed,
} from "../../src/panel/axis";
import { momentLabel, momentText } from "../../src/panel/moment";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const THIN = "\u2009";

describe("the label", () => {
  const label = (steps: (number | null)[] | null, epochs: (number | null)[] | null, k = 12, n = 31) =>
    momentLabel(k, { nCheckpoints: n, steps, epochs });
  const steps = range(31).map((k) => k * 470);

  it("tells epoch and step if both are known", () => {
    expect(label(steps, range(31))).toBe(`epoch 12 · step 5${THIN}640 (13/31)`);
  });
  it("tells only what is known", () => {
    expect(label(null, range(31))).toBe("epoch 12 (13/31)");
    expect(label(steps, null)).toBe(`step 5${THIN}640 (13/31)`);
    expect(label(null, null)).toBe("checkpoint 13 of 31");
    expect(label([...steps.slice(0, 12), null], null)).toBe("checkpoint 13 of 31");
  });
  it("keeps the fraction of an epoch", () => {
    expect(
      label(
        null,
        range(31).map((k) => k / 4),
        13,
      ),
    ).toBe("epoch 3.25 (14/31)");
  });
  it("counts neither none nor one", () => {
    expect(label(null, null, 0, 0)).toBe("no checkpoints yet");
    expect(label(null, null, 0, 1)).toBe("one checkpoint");
    expect(label([900], [3], 0, 1)).toBe("epoch 3 · step 900 (one checkpoint)");
  });
  it("says which values were not recorded", () => {
    const moments = { nCheckpoints: 31, steps: null, epochs: null };
    const values: [string, number | null][] = [
      ["loss", Number.NaN],
      ["acc", null],
    ];
    expect(momentText(0, moments, values)).toBe("checkpoint 1 of 31, loss NaN, acc not recorded");
  });
});

describe("the axis along time", () => {
  const steps = [0, 1, 2, 4, 8, 16];
  const moments = { nCheckpoints: 6, steps, epochs: null };

  it("knows uneven steps", () => {
    expect(isUneven(steps)).toBe(true);
    expect(isUneven([0, 10, 20])).toBe(false);
    expect(isUneven([0, null, 20])).toBe(false);
    expect(isUneven([5, 5, 20])).toBe(false);
    expect(isUneven(null)).toBe(false);
  });
  it("lays checkpoints out by step or evenly, and metrics between them", () => {
    const byStep = timeAxis(moments, [], "step");
    expect([byStep.kind, byStep.at, byStep.place(6)]).toEqual(["step", steps, 6]);
    const evenly = timeAxis(moments, [], "index");
    expect([evenly.at, evenly.place(4), evenly.place(6), evenly.place(24)]).toEqual([range(6), 3, 3.5, 6]);
    expect(evenly.unit).toBe("step");
  });
  it("reaches as far as the metrics do", () => {
    expect(timeAxis(moments, [[-2, 40]], "step").full).toEqual([-2, 40]);
  });
  it("counts epochs if they are known and rise, else steps, else checkpoints", () => {
    const even = [0, 10, 20];
    expect(timeAxis({ nCheckpoints: 3, steps: even, epochs: [0, 1, 2] }, [], "step").unit).toBe("epoch");
    expect(timeAxis({ nCheckpoints: 3, steps: even, epochs: [0, 0, 1] }, [], "step").unit).toBe("step");
    expect(timeAxis({ nCheckpoints: 3, steps: null, epochs: null }, [], "step").counts).toEqual([1, 2, 3]);
  });
  it("finds the nearest checkpoint", () => {
    const axis = timeAxis(moments, [], "step");
    expect([-5, 0.4, 2.9, 3, 3.1, 11.9, 12.1, 99].map((x) => nearest(axis, x))).toEqual([
      0, 0, 2, 2, 3, 4, 5, 5,
    ]);
    expect(nearest(timeAxis({ nCheckpoints: 1, steps: null, epochs: null }, [], "step"), 3)).toBe(0);
  });
  it("goes between checkpoints in proportion", () => {
    const axis = timeAxis(moments, [], "step");
    expect([along(axis, 4), along(axis, 4.25), along(axis, 5)]).toEqual([8, 10, 16]);
  });
  it("labels checkpoints that bear round counts", () => {
    const epochs = range(31);
    const axis = timeAxis({ nCheckpoints: 31, steps: null, epochs }, [], "index");
    expect(timeTicks(axis, axis.full, 6).map((tick) => tick.text)).toEqual([
      "0",
      "5",
      "10",
      "15",
      "20",
      "25",
      "30",
    ]);
    const odd = timeAxis({ nCheckpoints: 4, steps: [7, 133, 1311, 9777], epochs: null }, [], "index");
    expect(timeTicks(odd, odd.full, 5).map((tick) => tick.text)).toEqual([
      "7",
      "133",
      `1${THIN}311`,
      `9${THIN}777`,
    ]);
  });
  it("never labels a fraction of a step", () => {
    const axis = timeAxis(moments, [], "step");
    expect(timeTicks(axis, [1, 3], 10).map((tick) => tick.x)).toEqual([1, 2, 3]);
  });
  it("zooms about a place, not beyond the whole and not without end", () => {
    const full: Span = [0, 100];
    expect(zoomed(full, full, 25, 0.5)).toEqual([12.5, 62.5]);
    expect(zoomed([12.5, 62.5], full, 25, 2)).toBe(full);
    expect(zoomed([90, 100], full, 90, 2)).toEqual([80, 100]);
    const [lo, hi] = zoomed([50, 50.1], full, 50, 0.01);
    expect(hi - lo).toBeCloseTo(0.1);
  });
  it("turns the page when the playhead leaves the zoom", () => {
    const full: Span = [0, 100];
    expect(paged([20, 40], full, 30)).toEqual([20, 40]);
    expect(paged([20, 40], full, 41)).toEqual([39, 59]);
    expect(paged([20, 40], full, 19)).toEqual([1, 21]);
    expect(paged([80, 100], full, 0)).toEqual([0, 20]);
  });
});
