import { afterEach, describe, expect, it, vi } from "vitest";
import { block, bundle, NAME, network, open } from "./history.fixture";

const out = new Float32Array(1);
afterEach(() => void vi.useRealTimers());

/** Weights of which int8 tells nothing: all codes are 100, though each checkpoint adds 0.001. */
const rounded = (n: number) => block(0, n, () => 100, { dtype: "int8", scale: 0.01 });
const updates = (n: number, scale = 1e-5) =>
  block(1, n, () => 100, { quantity: "update", dtype: "int8", scale });

describe("changes of rounded weights, with a kernel", () => {
  const opened = () => open({ n: 6, precision: "int8", blocks: [rounded(6)] });

  it("are asked for as blocks of their own, and told as exactly as those are", async () => {
    const { history, asked, answer } = await opened();
    history.show("update", 0);
    expect(history.isHere(3)).toBe(false);
    expect(history.isReady(3)).toBe(false);
    expect(asked()).toMatchObject([{ quantity: "update", reference: null, start: 0, stop: 6, names: null }]);
    await answer(asked()[0], updates(6));
    expect([0, 3].map((k) => history.isReady(k))).toEqual([true, true]);
    expect(history.change(bundle, 3, "update", 0, out)).toBe(true);
    expect(out[0]).toBeCloseTo(0.001, 8);
    expect(history.change(bundle, 0, "update", 0, out)).toBe(false);
    expect(out[0]).toBeNaN();
    expect([0, 3].map((k) => history.isRecorded(NAME, k, "update", 0))).toEqual([false, true]);
    expect(history.isRounded(3)).toBe(false);
  });

  it("from a reference are a series for each reference", async () => {
    const { history, asked, answer } = await opened();
    history.show("difference", 2);
    history.isReady(5);
    expect(asked()).toMatchObject([{ quantity: "difference", reference: 2 }]);
    const about = { quantity: "difference", reference: 2 } as const;
    await answer(
      asked()[0],
      block(0, 6, (k) => (k - 2) / 1024, about),
    );
    expect(history.change(bundle, 5, "difference", 2, out)).toBe(true);
    expect(out[0]).toBeCloseTo(3 / 1024, 8);
    history.show("difference", 3);
    expect([history.isReady(5), history.nLoaded]).toEqual([false, 0]);
    expect(asked()[1]).toMatchObject({ quantity: "difference", reference: 3 });
  });

  it("of norms are norms of the weights less those without the change", async () => {
    const { history, asked, answer } = await opened();
    history.show("update", 0);
    history.isReady(3);
    await answer(asked()[0], updates(6));
    const norm = { ...bundle, shape: [1, 1, 4], strides: [1, 1, 1], offset: 0, reduce: "l2" as const };
    expect(history.change(norm, 3, "update", 0, out)).toBe(true);
    expect(out[0]).toBeCloseTo(Math.hypot(1, 1, 1, 1) - 2 * 0.999, 5);
  });

  it("are differences of rounded weights if the kernel is late, which is told", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { history } = await opened();
    history.show("update", 0);
    expect(history.isReady(3)).toBe(false);
    vi.advanceTimersByTime(21_000);
    expect(history.isReady(3)).toBe(true);
    expect(history.change(bundle, 3, "update", 0, out)).toBe(true);
    expect([out[0], history.isRounded(3)]).toEqual([0, true]);
  });
});

describe("changes of exact weights", () => {
  it("are subtracted here and ask for nothing", async () => {
    const { history, sent } = await open({ n: 6 });
    history.show("update", 0);
    expect(history.isReady(3)).toBe(true);
    history.change(bundle, 3, "update", 0, out);
    expect([out[0], history.isRounded(3)]).toEqual([1, false]);
    history.change(bundle, 3, "difference", 1, out);
    expect([out[0], sent]).toEqual([2, []]);
  });
});

describe("a page without a kernel", () => {
  const page = (...blocks: ReturnType<typeof block>[]) =>
    open({ n: 6, precision: "int8", blocks, hasKernel: false });

  it("tells differences as sums of its updates, in both directions", async () => {
    const { history } = await page(rounded(6), updates(6));
    history.show("difference", 2);
    const told = [0, 1, 2, 3, 4, 5].map((k) => history.change(bundle, k, "difference", 2, out) && out[0]);
    const ofLink = history.stored(bundle, 0, 0, "difference", 2);
    told.forEach((value, k) => {
      expect(ofLink[k]).toBeCloseTo(Number(value), 6);
    });
    [-2, -1, 0, 1, 2, 3].forEach((steps, k) => {
      expect(told[k]).toBeCloseTo(steps * 0.001, 6);
    });
    expect(history.isRounded(5)).toBe(false);
  });

  it("subtracts weights where the sum of updates would be the rougher one, and says so", async () => {
    const { history } = await page(rounded(6), updates(6, 0.009));
    history.show("difference", 0);
    expect([1, 5].map((k) => history.isRounded(k))).toEqual([false, true]);
    expect(history.change(bundle, 5, "difference", 0, out)).toBe(true);
    expect(out[0]).toBe(0);
  });

  it("without updates subtracts its rounded weights, and says so", async () => {
    const { history } = await page(rounded(6));
    history.show("update", 0);
    expect([history.isReady(3), history.isRounded(3), history.isRounded(0)]).toEqual([true, true, false]);
    expect(history.change(bundle, 3, "update", 0, out)).toBe(true);
  });

  it("takes the sizes of updates from their blocks", async () => {
    const { history } = await page(rounded(6), updates(6));
    expect(history.updateSizes().map((size) => Math.round(size * 1e6))).toEqual([
      Number.NaN,
      ...[2000, 2000, 2000, 2000, 2000],
    ]);
  });
});

it("the history of one link is that of its entries", async () => {
  const norm = { ...bundle, shape: [1, 1, 4], strides: [1, 1, 1], offset: 0, reduce: "l2" as const };
  const { history } = await open({ n: 3, network });
  expect([...history.stored(norm, 0, 0)]).toEqual([0, 2, 4]);
  expect([...history.stored(bundle, 0, 0)]).toEqual([0, 1, 2]);
  expect([...history.stored(bundle, 0, 0, "update")]).toEqual([Number.NaN, 1, 1]);
  expect([...history.stored(norm, 0, 0, "difference", 2)]).toEqual([-4, -2, 0]);
});
