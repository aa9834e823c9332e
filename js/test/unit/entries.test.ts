import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/options";
import { EntriesDomains, entriesDomain, LinkEntries } from "../../src/panel/entries";
import { domainOf, rangeOf } from "../../src/scale";
import { historyOf, kernelNetwork, range } from "./kernels.fixture";

const network = kernelNetwork([2, 3, 2, 2]);
const [bundle] = network.bundles;
const rising = (by: number) => range(24).map((i) => i * by);
const nothing = () => {};

describe("the entries behind a link", () => {
  it("are those of its kernel, at every checkpoint", async () => {
    const history = await historyOf(network, [rising(1), rising(-2)]);
    const entries = new LinkEntries(history, bundle, [1, 2], DEFAULTS, nothing);
    expect(entries.at).toEqual([20, 21, 22, 23]);
    expect(entries.read(0)).toEqual([20, 21, 22, 23]);
    expect(entries.read(1)).toEqual([-40, -42, -44, -46]);
  });

  it("are all there when the link shows one of them", async () => {
    const history = await historyOf(network, [rising(1)]);
    const one = { ...bundle, reduce: "index" as const, index: [1, 1] };
    expect(new LinkEntries(history, one, [0, 1], DEFAULTS, nothing).read(0)).toEqual([4, 5, 6, 7]);
  });

  it("follow the quantity that is shown", async () => {
    const history = await historyOf(network, [rising(1), rising(3), rising(4)]);
    const update = new LinkEntries(history, bundle, [0, 0], { ...DEFAULTS, quantity: "update" }, nothing);
    expect(update.read(0)).toBeNull();
    expect(update.read(2)).toEqual([0, 1, 2, 3]);
    const looks = { ...DEFAULTS, quantity: "difference" as const, reference: 0 };
    expect(new LinkEntries(history, bundle, [0, 0], looks, nothing).read(2)).toEqual([0, 3, 6, 9]);
  });

  it("are absent where they were not recorded", async () => {
    const history = await historyOf(network, [rising(1), null, rising(1)]);
    const entries = new LinkEntries(history, bundle, [0, 0], DEFAULTS, nothing);
    expect(entries.read(1)).toBeNull();
    expect(entries.read(2)).toEqual([0, 1, 2, 3]);
  });

  it("are asked for exactly once where the stored ones are rounded", async () => {
    const sent: Record<string, unknown>[] = [];
    const send = (message: Record<string, unknown>) => sent.push(message);
    const history = await historyOf(network, [rising(1), null], { precision: "int8", send });
    let arrived = 0;
    const entries = new LinkEntries(history, bundle, [0, 1], DEFAULTS, () => arrived++);
    expect([entries.isExact, entries.read(0)]).toEqual([false, [4, 5, 6, 7]]);
    const exact = Float64Array.of(4.01, 5.01, 6.01, 7.01, ...range(4).fill(Number.NaN));
    history.receive({ type: "exact", id: sent[0].id as string, dims: [2, 4] }, [exact.buffer]);
    await Promise.resolve();
    expect([arrived, entries.isExact, sent.length]).toEqual([1, true, 1]);
    expect(Array.from(entries.read(0)!)).toEqual([4.01, 5.01, 6.01, 7.01]);
    expect(entries.read(1)).toBeNull();
  });

  it("stay as stored without a kernel", async () => {
    const history = await historyOf(network, [rising(1)], { precision: "int8" });
    const entries = new LinkEntries(history, bundle, [0, 1], DEFAULTS, nothing);
    await new Promise((resolve) => setTimeout(resolve));
    expect([entries.isExact, entries.read(0)]).toEqual([false, [4, 5, 6, 7]]);
  });
});

describe("the domain of a bundle's entries", () => {
  it("is that of all entries of all checkpoints", async () => {
    const history = await historyOf(network, [rising(1), null, rising(-3)]);
    const all = domainOf([Float32Array.from([...rising(1), ...rising(-3)])]);
    expect(entriesDomain(history, bundle, DEFAULTS)).toBe(all);
  });

  it("is that of the differences where they are shown", async () => {
    const history = await historyOf(network, [rising(1), rising(1.5)]);
    const differences = domainOf([Float32Array.from(rising(0.5))]);
    expect(entriesDomain(history, bundle, { ...DEFAULTS, quantity: "update" })).toBeCloseTo(differences, 6);
  });

  it("samples large bundles, all places of the kernel alike", async () => {
    const large = kernelNetwork([100, 100, 3, 3]);
    const strong = range(90_000).map((i) => (i % 9 === 4 ? 7 : 0.1)); // only the middle of each kernel
    const history = await historyOf(large, [strong, strong]);
    expect(entriesDomain(history, large.bundles[0], DEFAULTS)).toBe(7);
  });
});

describe("the domains of bundles' entries", () => {
  it("only grow with the history, and are worked out once", async () => {
    const history = await historyOf(network, [rising(1), rising(-3)]);
    const domains = new EntriesDomains();
    history.nCheckpoints = 1;
    const first = domains.of(history, bundle, DEFAULTS);
    expect(first).toBe(domainOf([Float32Array.from(rising(1))]));
    history.nCheckpoints = 2;
    const grown = domains.of(history, bundle, DEFAULTS);
    expect(grown).toBeGreaterThan(first);
    history.nCheckpoints = 1;
    expect(domains.of(history, bundle, DEFAULTS)).toBe(grown);
    expect(domains.of(history, bundle, { ...DEFAULTS, quantity: "update" })).toBe(0);
  });
});

describe("the range of entries", () => {
  it("is that of the finite ones; the others are counted", () => {
    const { text, nOdd, nBeyond } = rangeOf([0.42, -0.31, Number.NaN, Number.NEGATIVE_INFINITY], 0.4);
    expect(text).toBe("−0.31 … 0.42");
    expect([nOdd, nBeyond]).toEqual([2, 1]);
  });

  it("is none where there is no number", () => {
    expect(rangeOf([Number.NaN], 1).text).toBe("no finite value");
  });
});
