import { describe, expect, it } from "vitest";
import type { OrderMessage } from "../../src/blocks";
import { DEFAULTS, type Options } from "../../src/options";
import { orderBySum, UnitOrder } from "../../src/views/graph/order";
import { historyOf, kernelNetwork } from "./kernels.fixture";

const network = kernelNetwork([3, 2]);
const weights = [1, 1, 5, 5, 3, 3]; // rows sum to 2, 10, 6; columns alike
const by = (order: Options["order"]): Options => ({ ...DEFAULTS, order });
const message: OrderMessage = {
  type: "order",
  order: "correlation",
  checkpoint: 0,
  groups: { conv: [2, 0, 1] },
};

describe("the order of units", () => {
  it("by sum is that of the sums", async () => {
    const history = await historyOf(network, [weights]);
    expect([...orderBySum(network, history, by("sum"), 0).get("conv")!]).toEqual([1, 2, 0]);
  });

  it("by sum leaves a grid as it is", async () => {
    const grid = kernelNetwork([3, 2], { grid: [1, 2] });
    const history = await historyOf(grid, [[1, 9, 1, 9, 1, 9]]);
    expect(orderBySum(grid, history, by("sum"), 0).has("input")).toBe(false);
    expect(orderBySum(network, history, by("sum"), 0).get("input")![0]).toBe(1);
  });

  it("stays the same object until another is asked for, though the history grows", async () => {
    const history = await historyOf(network, [weights, weights]);
    history.nCheckpoints = 1;
    const order = new UnitOrder();
    const first = order.read(network, history, by("sum"));
    history.nCheckpoints = 2;
    expect(order.read(network, history, { ...by("sum"), threshold: 0.5 })).toBe(first);
    expect(order.words(by("sum"))).toBe("units ordered by the sum of their incoming weights at checkpoint 1");
    expect(order.read(network, history, by("model")).size).toBe(0);
  });

  it("that Python computes is waited for, with the former one on show", async () => {
    const history = await historyOf(network, [weights]);
    const order = new UnitOrder();
    const former = order.read(network, history, by("sum"));
    expect(order.read(network, history, by("correlation"))).toBe(former);
    expect(order.words(by("correlation"))).toBe("this page lacks that order"); // without a kernel
    history.receive(message, []);
    const found = order.read(network, history, by("correlation"));
    expect([...found.get("conv")!]).toEqual([2, 0, 1]);
    expect(order.read(network, history, by("correlation"))).toBe(found);
    expect(order.words(by("correlation"))).toBe(
      "units ordered by correlation of incoming weights at checkpoint 1",
    );
  });

  it("that is told again moves nothing", async () => {
    const history = await historyOf(network, [weights]);
    let nTold = 0;
    history.subscribe(() => nTold++);
    history.receive(message, []);
    history.receive({ ...message }, []);
    expect(nTold).toBe(1);
  });

  it("that Python computes anew replaces the one before", async () => {
    const history = await historyOf(network, [weights]);
    const order = new UnitOrder();
    history.receive(message, []);
    order.read(network, history, by("correlation"));
    history.receive({ ...message, checkpoint: 4, groups: { conv: [1, 0, 2] } }, []);
    expect([...order.read(network, history, by("correlation")).get("conv")!]).toEqual([1, 0, 2]);
    expect(order.words(by("correlation"))).toContain("at checkpoint 5");
  });
});
