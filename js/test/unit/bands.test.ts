import { describe, expect, it } from "vitest";
import { Bands, bandSize, bandWords, type Folding } from "../../src/bands";
import { evaluateBundle } from "../../src/network";
import { chain } from "./nets";

const folding = (change: Partial<Folding> = {}): Folding => ({
  most: 50,
  open: {},
  keeps: () => false,
  ...change,
});

/** A 1000-60-3 net and its weights, of which each is its own number. */
function wide() {
  const network = chain(["input", "fc1", "fc2"], [1000, 60, 3]);
  const weights = new Map(
    Object.entries(network.parameters).map(([name, shape]) => {
      const n = shape.reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 0.5)];
    }),
  );
  return { network, weights };
}

describe("a group of very many units", () => {
  it("is folded into bands of equally many, if its number allows it", () => {
    expect(bandSize(1000)).toBe(40);
    expect(bandSize(784)).toBe(28);
    expect(bandSize(3072)).toBe(128);
    expect(bandSize(1009)).toBe(41); // a prime: the last band is smaller
    const { network } = new Bands(wide().network, folding());
    const layers = network.groups.filter(({ role }) => role !== "bias");
    expect(layers.map(({ n_units, band }) => [n_units, band?.size])).toEqual([
      [25, 40],
      [expect.any(Number), expect.any(Number)],
      [3, undefined],
    ]);
  });

  it("of a prime number of units has every unit in exactly one band", () => {
    const { network } = new Bands(chain(["input", "fc1"], [1009, 3]), folding());
    const runs = network.groups.filter(({ band }) => band);
    expect(runs.reduce((n, { n_units, band }) => n + n_units * band!.size, 0)).toBe(1009);
    expect(runs.map(({ band }) => band!.first)).toEqual([0, 24 * 41]);
  });

  it("has links that hold all weights between two bands: their squares add up to the same", () => {
    const { network, weights } = wide();
    const cases: Record<string, number>[] = [{}, { fc1: 1 }, { input: 3, fc1: 0 }];
    for (const open of cases) {
      const folded = new Bands(network, folding({ open })).network;
      const squares = (bundles: typeof network.bundles) =>
        bundles.reduce((sum, bundle) => {
          const out = new Float32Array(bundle.shape[0] * bundle.shape[1]);
          evaluateBundle(bundle, weights.get(bundle.parameter)!, 0, out);
          const n = bundle.reduce === "rms" ? bundle.shape.slice(2).reduce((a, b) => a * b, 1) : 1;
          return sum + n * out.reduce((a, b) => a + b * b, 0);
        }, 0);
      expect(squares(folded.bundles) / squares(network.bundles)).toBeCloseTo(1, 4);
    }
  });

  it("has the root mean square that a loop over the units of both bands finds", () => {
    const { network, weights } = wide();
    const folded = new Bands(network, folding()).network;
    const bundle = folded.bundles.find(({ parameter }) => parameter === "fc1.weight")!;
    const out = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    evaluateBundle(bundle, weights.get("fc1.weight")!, 0, out);
    const size = bandSize(60);
    let sum = 0;
    for (let j = 2 * size; j < 3 * size; j++)
      for (let i = 7 * 40; i < 8 * 40; i++) sum += weights.get("fc1.weight")![j * 1000 + i] ** 2;
    expect(out[2 * bundle.shape[1] + 7]).toBeCloseTo(Math.sqrt(sum / (size * 40)), 5);
  });

  it("shows the units of an open band one by one, and the rest still in bands", () => {
    const { network } = wide();
    const bands = new Bands(network, folding({ open: { input: 2 } }));
    const runs = bands.network.groups.filter(({ band }) => band?.of === "input");
    expect(runs.map(({ n_units, band }) => [band!.first, band!.size, n_units])).toEqual([
      [0, 40, 2],
      [80, 1, 40],
      [120, 40, 22],
    ]);
    expect(bands.bandOf(runs[0].id, 1)).toEqual({ group: "input", band: 1 });
    expect(bands.bandOf(runs[1].id, 5)).toBeNull();
    expect(bandWords(bands)).toContain("960 units of input in bands of 40");
  });

  it("stands for its units in selections, both ways", () => {
    const { network } = wide();
    const bands = new Bands(network, folding({ open: { input: 2 } }));
    const [first, open] = bands.network.groups.filter(({ band }) => band?.of === "input");
    expect(bands.toShown({ group: "input", unit: 55 })).toEqual({ group: first.id, unit: 1 });
    expect(bands.toShown({ group: "input", unit: 83 })).toEqual({ group: open.id, unit: 3 });
    expect(bands.toWhole({ group: open.id, unit: 3 })).toEqual({ group: "input", unit: 83 });
    const shown = bands.toShown({ bundle: "fc1.weight", target: 0, source: 83 })!;
    expect(bands.toWhole(shown)).toEqual({ bundle: "fc1.weight", target: 0, source: 83 });
  });

  it("stays whole if it may, and below the limit nothing changes at all", () => {
    const { network } = wide();
    expect(new Bands(network, folding({ keeps: () => true })).network).toBe(network);
    expect(new Bands(network, folding({ most: 1000 })).network).toBe(network);
  });
});
