import { describe, expect, it } from "vitest";
import { Bands, bandSize, bandWords, type Folding } from "../../src/bands";
import { type Bundle, evaluateBundle, linkEntries, reduced } from "../../src/network";
import { chain } from "./nets";

const folding = (change: Partial<Folding> = {}): Folding => ({
  most: 50,
  open: {},
  keeps: () => false,
  clusters: null,
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
    expect(runs.map(({ band }) => band!.range)).toEqual(["1–984", "985–1009"]);
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
    expect(runs.map(({ n_units, band }) => [band!.range, band!.size, n_units])).toEqual([
      ["1–80", 40, 2],
      ["81–120", 1, 40],
      ["121–1000", 40, 22],
    ]);
    expect(bands.bandOf(runs[0].id, 1)).toEqual({ group: "input", band: 1 });
    expect(bands.bandOf(runs[1].id, 5)).toBeNull();
    expect(bandWords(bands, true)).toContain("960 units of input in bands of 40, 60 units");
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

/** 60 units of fc1 in an order of no pattern. */
const SHUFFLED = Array.from({ length: 60 }, (_, i) => (i * 37 + 11) % 60);
const CLUSTERS = { checkpoint: 4, groups: { fc1: SHUFFLED } };

/** The links of a bundle, by both ways of reading it: all at once, and link by link. */
function linksOf(bundle: Bundle, weights: Float32Array): [Float32Array, Float32Array] {
  const out = new Float32Array(bundle.shape[0] * bundle.shape[1]);
  evaluateBundle(bundle, weights, 0, out);
  const each = out.map((_, k) => {
    const [j, i] = [Math.floor(k / bundle.shape[1]), k % bundle.shape[1]];
    const entries = linkEntries(bundle, j, i).map((entry) => weights[entry]);
    return reduced(bundle, Float64Array.from(entries));
  });
  return [out, each];
}

describe("a group that is folded by clustering", () => {
  const size = bandSize(60);

  it("has bands of units that are neighbours in that order; the others are folded as in the model", () => {
    const bands = new Bands(wide().network, folding({ clusters: CLUSTERS }));
    const [input, fc1] = bands.network.groups.filter(({ band }) => band);
    expect(input.unit_names![1]).toBe("41–80");
    expect(fc1.unit_names![1]).toBe(`band 2, ${size} alike units`);
    expect(fc1.band!.range).toBe(`bands 1–${60 / size}`);
    expect(bandWords(bands, true)).toContain(
      `1000 units of input in bands of 40 neighbours, 60 units of fc1 in bands of ${size} alike ` +
        "(equal parts of the order by correlation of incoming weights at checkpoint 5): ",
    );
  });

  it.each([
    ["on the target's side", "fc1.weight", {}],
    ["on the source's side", "fc2.weight", {}],
    ["with an open band", "fc1.weight", { fc1: 1 }],
    ["with open bands on both sides", "fc1.weight", { fc1: 1, input: 3 }],
    ["with an open band of sources", "fc2.weight", { fc1: 0 }],
  ] as const)("has the links that loops over the units find, %s", (_, parameter, open) => {
    const { network, weights } = wide();
    const bands = new Bands(network, folding({ clusters: CLUSTERS, open }));
    const values = weights.get(parameter)!;
    const nSource = network.parameters[parameter][1];
    const orderOf = (id: string, n: number) => (id === "fc1" ? SHUFFLED : [...Array(n).keys()]);
    const whole = network.bundles.find((bundle) => bundle.parameter === parameter)!;
    let nFound = 0;
    for (const piece of bands.network.bundles.filter((bundle) => bundle.parameter === parameter)) {
      const rowsOf = (id: string, wholeId: string, n: number): number[][] => {
        const [from, to] = (id.match(/\[(\d+):(\d+)\]/) ?? ["", "0", String(n)]).slice(1).map(Number);
        const { band, n_units } = bands.network.groups.find((group) => group.id === id)!;
        const units = orderOf(wholeId, n).slice(from, to);
        const inRow = band?.size ?? 1;
        return Array.from({ length: n_units }, (_, row) => units.slice(row * inRow, (row + 1) * inRow));
      };
      const targets = rowsOf(piece.target, whole.target, whole.shape[0]);
      const sources = rowsOf(piece.source, whole.source, whole.shape[1]);
      const expected = targets.flatMap((js) =>
        sources.map((is) => {
          const all = js.flatMap((j) => is.map((i) => values[j * nSource + i]));
          const rms = Math.sqrt(all.reduce((sum, w) => sum + w * w, 0) / all.length);
          return all.length === 1 ? all[0] : rms;
        }),
      );
      for (const found of linksOf(piece, values)) {
        expect(found.length).toBe(expected.length);
        found.forEach((value, k) => {
          expect(value).toBeCloseTo(expected[k], 5);
        });
      }
      nFound += targets.flat().length * sources.flat().length;
    }
    expect(nFound).toBe(whole.shape[0] * whole.shape[1]);
  });

  it("has all entries of links of several", () => {
    const { network } = wide();
    const convolved = network.bundles.map((bundle) =>
      bundle.id === "fc1.weight"
        ? { ...bundle, shape: [60, 1000, 2], strides: [2000, 2, 1], reduce: "l2" as const }
        : bundle,
    );
    const weights = Float32Array.from({ length: 120_000 }, (_, i) => Math.cos(i * 7.31));
    const options = { clusters: CLUSTERS, open: { input: 0, fc1: 1 } };
    const folded = new Bands({ ...network, bundles: convolved }, folding(options)).network;
    for (const piece of folded.bundles.filter(({ parameter }) => parameter === "fc1.weight")) {
      const [atOnce, each] = linksOf(piece, weights);
      atOnce.forEach((value, k) => {
        expect(value).toBeCloseTo(each[k], 4);
      });
    }
    const open = folded.bundles.find(({ shape }) => shape[0] === size && shape[1] === 40)!;
    expect(linkEntries(open, 1, 3)).toEqual([0, 1].map((r) => SHUFFLED[size + 1] * 2000 + 3 * 2 + r));
  });

  it("calls the units of an open band by their own names, and finds them in selections, both ways", () => {
    const { network } = wide();
    const bands = new Bands(network, folding({ clusters: CLUSTERS, open: { fc1: 1 } }));
    const runs = bands.network.groups.filter(({ band }) => band?.of === "fc1");
    const names = SHUFFLED.slice(size, 2 * size).map((unit) => String(unit + 1));
    expect(runs[1].unit_names).toEqual(names);
    expect(runs[1].band!.range).toBe("band 2");
    const unit = SHUFFLED[size + 2];
    expect(bands.toShown({ group: "fc1", unit })).toEqual({ group: runs[1].id, unit: 2 });
    expect(bands.toWhole({ group: runs[1].id, unit: 2 })).toEqual({ group: "fc1", unit });
    expect(bands.bandOf(runs[2].id, 0)).toEqual({ group: "fc1", band: 2 });
    const last = SHUFFLED[59];
    expect(bands.toShown({ group: "fc1", unit: last })).toEqual({
      group: runs[2].id,
      unit: runs[2].n_units - 1,
    });
    const link = { bundle: "fc2.weight", target: 1, source: unit };
    expect(bands.toWhole(bands.toShown(link))).toEqual(link);
    expect(bands.toShown({ parameter: "fc2.weight", index: [1, unit] })).toEqual(bands.toShown(link));
  });

  it("is folded as in the model, and says so, until the order is here", () => {
    const { network } = wide();
    const bands = new Bands(network, folding({ clusters: undefined }));
    expect(bands.network).toEqual(new Bands(network, folding()).network);
    expect(bandWords(bands, false)).toMatch(/bands of \d+ neighbours \(this page lacks that order\): /);
    expect(bandWords(bands, true)).toContain("waiting for the kernel's order");
  });

  it("has h(t-1) in the same bands", () => {
    const { network } = wide();
    const delayed = { ...network.groups.find(({ id }) => id === "fc1")!, id: "h", delayed_of: "fc1" };
    const recurrent = { ...network, groups: [...network.groups, delayed] };
    const clusters = { checkpoint: 0, groups: { fc1: SHUFFLED, h: SHUFFLED } };
    const { groups } = new Bands(recurrent, folding({ clusters, open: { fc1: 1 } })).network;
    const [own, before] = ["fc1", "h"].map((of) => groups.filter(({ band }) => band?.of === of));
    expect(before.map(({ delayed_of }) => delayed_of)).toEqual(own.map(({ id }) => id));
    expect(before[1].unit_names).toEqual(own[1].unit_names);
  });
});
