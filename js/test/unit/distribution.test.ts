import { describe, expect, it } from "vitest";
import { binOf, binsOf, binsTo, count, survey } from "../../src/extras/distribution/bins";
import { chosenOf, evenly, placeOf } from "../../src/extras/distribution/chosen";
import { momentsOf, QUANTILES } from "../../src/extras/distribution/moments";
import { isOf, nearestIn, pickedOf, valuesOf } from "../../src/extras/distribution/picked";
import { FIRST_ANGLES, Projection, turned } from "../../src/extras/distribution/projection";
import { panelsOf } from "../../src/extras/distribution/scene";
import { Spread } from "../../src/extras/distribution/spread";
import type { History } from "../../src/history";
import type { Network } from "../../src/network";
import { DEFAULTS } from "../../src/options";
import { Summaries } from "../../src/summaries";
import { lstmNetwork } from "./nets";

/** Numbers that look random, and are the same each time. */
function some(n: number, seed: number, scale = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return scale * (state / 1073741824 - 1) ** 3;
  });
}

/** Counts as the edges say, one comparison after the other. */
function counted(values: ArrayLike<number>, edges: ArrayLike<number>): number[] {
  const n = edges.length - 1;
  const counts = new Array(n + 2).fill(0);
  for (const value of Array.from(values).filter(Number.isFinite)) {
    let bin = n + 1;
    for (let i = 0; i < n; i++)
      if (value >= edges[i] && (value < edges[i + 1] || (i === n - 1 && value === edges[n]))) bin = i + 1;
    if (value < edges[0]) bin = 0;
    counts[bin]++;
  }
  return counts;
}

describe("bins", () => {
  it("have the edges of numpy.linspace", () => {
    // numpy.linspace(-0.3, 0.7, 8) and (-0.1, 0.1, 4), by repr
    const first = [
      -0.3, -0.15714285714285714, -0.01428571428571429, 0.12857142857142856, 0.2714285714285714,
      0.4142857142857142, 0.5571428571428572, 0.7,
    ];
    expect([...binsOf(-0.3, 0.7, 7).edges]).toEqual(first);
    expect([...binsOf(-0.1, 0.1, 3).edges]).toEqual([-0.1, -0.03333333333333334, 0.033333333333333326, 0.1]);
    expect([...binsTo(0, 2).edges]).toEqual([-1, 0, 1]);
  });

  it.each([
    [-1, 1, 60],
    [-0.1, 0.3, 7],
    [0.2, 0.25, 1000],
    [-3, -0.001, 13],
  ])("from %f to %f count as comparing with each edge does", (first, last, n) => {
    const bins = binsOf(first, last, n);
    const odd = [Number.NaN, Infinity, -Infinity];
    const values = Float32Array.from([...some(4000, 7), ...bins.edges, ...odd]);
    const counts = new Uint32Array(n + 2);
    count([values.subarray(0, 1000), values.subarray(1000)], 1, bins, counts);
    expect([...counts]).toEqual(counted(values, bins.edges));
    const placed = Array.from(values.subarray(0, 100), (value) => binOf(bins, value));
    expect(placed.map((bin) => Math.min(n, bin))).toEqual(
      Array.from(values.subarray(0, 100), (value) => counted([value], bins.edges).indexOf(1) - 1),
    );
  });

  it("count weights that were divided by a norm", () => {
    const bins = binsOf(-0.5, 0.5, 9);
    const counts = new Uint32Array(11);
    const values = some(500, 3);
    count([values], 1.7, bins, counts);
    expect([...counts]).toEqual(
      counted(
        Float64Array.from(values, (value) => value / 1.7),
        bins.edges,
      ),
    );
  });
});

describe("a first look", () => {
  it("finds the largest finite magnitude, and counts what is no number", () => {
    const values = Float32Array.of(0.5, -2, Number.NaN, Infinity, 1);
    expect(survey([values], 1)).toEqual({ largest: 2, odd: 2 });
    expect(survey([values], 4)).toEqual({ largest: 0.5, odd: 2 });
    expect(survey([values], Number.NaN)).toEqual({ largest: 0, odd: 5 });
    expect(survey([values.subarray(2, 3)], 1)).toEqual({ largest: 0, odd: 1 });
  });
});

/** Of all values at once, in the plainest way. */
function plainly(values: number[]): number[] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const central = (power: number) =>
    values.reduce((sum, value) => sum + (value - mean) ** power, 0) / values.length;
  const sorted = [...values].sort((a, b) => a - b);
  const quantiles = QUANTILES.map((q) => {
    const at = q * (values.length - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
    return low + (high - low) * (at - Math.floor(at));
  });
  const variance = central(2);
  return [mean, variance, central(3) / variance ** 1.5, central(4) / variance ** 2 - 3, ...quantiles];
}

describe("moments", () => {
  it.each([5, 169, 4095, 4096, 20_001])("of %i weights are those of the plain formulas", (n) => {
    const values = some(n, n, 0.3);
    values.fill(0, 0, n >> 2); // ties, and both zeros
    values[0] = -0;
    const found = momentsOf([values.subarray(0, n >> 1), values.subarray(n >> 1)], 1);
    plainly([...values]).forEach((expected, i) => {
      expect(found[i]).toBeCloseTo(expected, 9);
    });
  });

  it("leave out what is no number, and are of weights divided by the norm", () => {
    const values = some(300, 5);
    const spoiled = Float32Array.from([...values, Number.NaN, Infinity, -Infinity]);
    const found = momentsOf([spoiled], 2.5);
    plainly(Array.from(values, (value) => value / 2.5)).forEach((expected, i) => {
      expect(found[i]).toBeCloseTo(expected, 9);
    });
    expect([...momentsOf([spoiled], Number.NaN)].every(Number.isNaN)).toBe(true);
    expect([...momentsOf([], 1)].every(Number.isNaN)).toBe(true);
  });

  it("of equal weights have no skewness", () => {
    const [mean, variance, skewness, kurtosis] = momentsOf([new Float32Array(9).fill(0.5)], 1);
    expect([mean, variance, skewness, kurtosis]).toEqual([0.5, 0, Number.NaN, Number.NaN]);
  });

  it("of tiny weights do not vanish", () => {
    const found = momentsOf([Float32Array.of(1e-38, 2e-38, 4e-38)], 1);
    expect(found[2]).toBeCloseTo(plainly([1, 2, 4])[2], 5);
  });
});

describe("chosen checkpoints", () => {
  it("are spread evenly, the first and the last among them", () => {
    expect(evenly(5, 16)).toEqual([0, 1, 2, 3, 4]);
    const sixteen = evenly(1501, 16);
    expect([sixteen.length, sixteen[0], sixteen[15]]).toEqual([16, 0, 1500]);
    expect(new Set(sixteen.slice(1).map((k, i) => k - sixteen[i]))).toEqual(new Set([100]));
  });

  it("are those that were named, if there are such", () => {
    expect(chosenOf([3, 1, 90], 10, 4)).toEqual([1, 3]);
    expect(chosenOf([90], 10, 2)).toEqual([0, 9]);
    expect(chosenOf(null, 3, 4)).toEqual([0, 1, 2]);
  });

  it("stand for all up to the next", () => {
    expect([0, 1, 2, 5, 9].map((k) => placeOf([1, 3, 8], k))).toEqual([-1, 0, 0, 1, 2]);
  });
});

describe("a block seen from an angle", () => {
  const box = { left: 0, top: 0, right: 600, bottom: 400 };

  it("lies within its room at every angle", () => {
    for (let azimuth = -4; azimuth < 4; azimuth += 0.3)
      for (const elevation of [0.09, 0.5, 1.4])
        for (const [x, y, z] of [-1, 1].flatMap((a) =>
          [-1, 1].flatMap((b) => [0, 1].map((c) => [a, b, c])),
        )) {
          const [px, py] = new Projection({ azimuth, elevation }, box).at(x, y, z);
          expect(px).toBeGreaterThanOrEqual(-1e-6);
          expect(px).toBeLessThanOrEqual(600 + 1e-6);
          expect(py).toBeGreaterThanOrEqual(-1e-6);
          expect(py).toBeLessThanOrEqual(400 + 1e-6);
        }
  });

  it("has what is farther away higher up on the ground", () => {
    for (let azimuth = -3; azimuth < 3; azimuth += 0.41) {
      const projection = new Projection({ ...FIRST_ANGLES, azimuth }, box);
      const [alongX, alongY] = projection.isFarther;
      expect(projection.at(1, 0, 0)[1] < projection.at(0, 0, 0)[1]).toBe(alongX);
      expect(projection.at(0, 1, 0)[1] < projection.at(0, 0, 0)[1]).toBe(alongY);
    }
  });

  it("turns about, but is never seen from below", () => {
    expect(turned(FIRST_ANGLES, 10, 0).azimuth).not.toBe(FIRST_ANGLES.azimuth);
    expect(turned(FIRST_ANGLES, 0, -1e4).elevation).toBeGreaterThan(0);
    expect(turned(FIRST_ANGLES, 0, 1e4).elevation).toBeLessThan(Math.PI / 2);
  });
});

describe("panels", () => {
  it.each([1, 2, 3, 12, 16])("%i of them lie apart, within their room", (n) => {
    const room = { width: 900, height: 480 };
    const boxes = panelsOf(n, room, { left: 40, right: 10, top: 20, bottom: 20 });
    expect(boxes.length).toBe(n);
    for (const [i, a] of boxes.entries()) {
      expect(a.left >= 40 && a.right <= 890 && a.top >= 20 && a.bottom <= 460).toBe(true);
      for (const b of boxes.slice(i + 1)) expect(a.right < b.left || a.bottom < b.top).toBe(true);
    }
  });

  it("leave no places over where they can", () => {
    const boxes = panelsOf(16, { width: 900, height: 480 }, { left: 40, right: 8, top: 22, bottom: 22 });
    expect(new Set(boxes.map(({ left }) => left)).size).toBe(4);
  });
});

const NAMES = ["a.weight", "a.bias", "b.weight"];
const SHAPES: Record<string, number[]> = { "a.weight": [3, 4], "a.bias": [3], "b.weight": [2, 3] };
const net = { parameters: SHAPES, tied: {}, bundles: [], groups: [] } as unknown as Network;

/** A history of which the test says what is here. */
class Given {
  name = "run";
  network = net;
  revision = 0;
  precision = "float32";
  reads = 0;
  asked: number[] = [];
  summaries = new Summaries();
  values = new Map<string, Float32Array | null>();
  nCheckpoints: number;

  constructor(n: number, seed: number) {
    this.nCheckpoints = n;
    for (let k = 0; k < n; k++) this.put(k, seed);
    this.summaries.begin(NAMES);
    this.tell();
  }

  put(k: number, seed: number): void {
    for (const [i, name] of NAMES.entries()) {
      const size = SHAPES[name].reduce((a, b) => a * b, 1);
      this.values.set(`${name}|${k}`, some(size, seed + 31 * k + i, 1 + k));
    }
  }

  /** Norms as Python sends them. */
  tell(): void {
    for (let k = 0; k < this.nCheckpoints; k++) {
      const norms = NAMES.map((name) => Math.hypot(...(this.values.get(`${name}|${k}`) ?? [])));
      for (const [quantity, row] of [
        ["norm", norms],
        ["n_odd", norms.map(() => 0)],
      ] as const)
        this.summaries.place(
          { quantity, start: k, stop: k + 1, dims: [3] } as Parameters<Summaries["place"]>[0],
          Float32Array.from(row),
        );
    }
  }

  want(): void {}
  isHere = (k: number) => NAMES.every((name) => this.values.has(`${name}|${k}`));
  isReady(k: number): boolean {
    this.asked.push(k);
    return this.isHere(k);
  }
  parameter(name: string, k: number): Float32Array | null {
    this.reads++;
    return this.values.get(`${name}|${k}`) ?? null;
  }
  all(k: number, names = NAMES): number[] {
    return names.flatMap((name) => [...(this.values.get(`${name}|${k}`) ?? [])]);
  }
}

const spreadOf = (...histories: Given[]): Spread => new Spread(net, histories as unknown as History[]);

describe("how weights are spread", () => {
  it("is counted by layer on bins to the largest weight of all checkpoints and runs", () => {
    const [one, two] = [new Given(4, 1), new Given(6, 2)];
    const spread = spreadOf(one, two);
    spread.update(DEFAULTS, null);
    const largest = Math.max(
      ...[one, two].flatMap((run) =>
        Array.from({ length: run.nCheckpoints }, (_, k) => run.all(k))
          .flat()
          .map(Math.abs),
      ),
    );
    expect([spread.bins.edges[0], spread.bins.edges[60]]).toEqual([-largest, largest]);
    for (const [run, given] of [one, two].entries())
      for (let k = 0; k < given.nCheckpoints; k++) {
        const expected = counted(given.all(k, ["a.weight", "a.bias"]), spread.bins.edges).slice(1, -1);
        expect([...spread.series[run][0].at(k)!]).toEqual(expected);
        expect(spread.series[run][0].outside(k)).toEqual({ below: 0, above: 0, odd: 0, total: 15 });
      }
    expect(spread.series[0][0].most).toBe(
      Math.max(...[0, 1, 2, 3].flatMap((k) => [...spread.series[0][0].at(k)!])),
    );
  });

  it("is counted once, and of what has grown what is new alone", () => {
    const given = new Given(5, 3);
    const spread = spreadOf(given);
    const options = { ...DEFAULTS, bins: [-1, 1, 20] as [number, number, number] };
    spread.update(options, null);
    const { reads } = given;
    spread.update(options, null);
    expect(given.reads).toBe(reads);
    given.put(5, 9);
    given.nCheckpoints = 6;
    spread.update(options, null);
    expect(given.reads - reads).toBe(2 * NAMES.length);
    expect([...spread.series[0][1].at(5)!]).toEqual(
      counted(given.all(5, ["b.weight"]), spread.bins.edges).slice(1, -1),
    );
    const outside = counted(given.all(4, ["b.weight"]), spread.bins.edges);
    expect(spread.series[0][1].outside(4)).toEqual({
      ...{ below: outside[0], above: outside[21], odd: 0, total: 6 },
    });
  });

  it("is another one when checkpoints are numbered otherwise", () => {
    const given = new Given(2, 3);
    const spread = spreadOf(given);
    spread.update(DEFAULTS, null);
    given.put(0, 77);
    given.revision++;
    spread.update(DEFAULTS, null);
    const expected = counted(given.all(0, ["b.weight"]), spread.bins.edges).slice(1, -1);
    expect([...spread.series[0][1].at(0)!]).toEqual(expected);
  });

  it("tells what is not here from what was not recorded, and asks for the nearest", () => {
    const given = new Given(4, 3);
    for (const name of NAMES) given.values.delete(`${name}|1`);
    for (const name of NAMES) given.values.delete(`${name}|3`);
    given.values.set("b.weight|2", null);
    const spread = spreadOf(given);
    spread.update(DEFAULTS, null);
    const [a, b] = spread.series[0];
    expect([0, 1, 2, 3].map((k) => a.at(k) !== null)).toEqual([true, false, true, false]);
    expect([0, 1, 2, 3].map((k) => b.isGap(k))).toEqual([false, false, true, false]);
    expect(spread.nKnown(0)).toBe(2);
    spread.ask(3);
    expect(given.asked).toEqual([3]);
    given.put(1, 3);
    spread.update(DEFAULTS, null);
    expect([...a.at(1)!]).toEqual(
      counted(given.all(1, ["a.weight", "a.bias"]), spread.bins.edges).slice(1, -1),
    );
  });

  it("is divided by the norm of each weight's own layer, or of all", () => {
    const given = new Given(3, 8);
    const spread = spreadOf(given);
    const norm = (k: number, names?: string[]) => Math.fround(Math.hypot(...given.all(k, names)));
    spread.update({ ...DEFAULTS, normalise: "layer" }, null);
    expect(spread.series[0][0].normAt(2, "a.weight")).toBeCloseTo(norm(2, ["a.weight", "a.bias"]), 5);
    const shares = (normsOf: (k: number) => number[][]) =>
      [0, 1, 2].map((k) =>
        normsOf(k).flatMap(([by, ...weights]) => weights.map((weight) => weight / Math.fround(by))),
      );
    const layers = [["a.weight", "a.bias"], ["b.weight"]];
    const each = shares((k) => layers.map((names) => [norm(k, names), ...given.all(k, names)]));
    spread.update({ ...DEFAULTS, by: "all", normalise: "layer" }, null);
    expect(spread.bins.edges[60]).toBeCloseTo(Math.max(...each.flat().map(Math.abs)), 6);
    expect([...spread.series[0][0].at(2)!]).toEqual(counted(each[2], spread.bins.edges).slice(1, -1));
    const mean = each[2].reduce((a, b) => a + b, 0) / each[2].length;
    expect(spread.series[0][0].moments(2)![0]).toBeCloseTo(mean, 6);
    spread.update({ ...DEFAULTS, by: "all", normalise: "total" }, null);
    const all = shares((k) => [[norm(k), ...given.all(k)]]);
    expect(spread.bins.edges[60]).toBeCloseTo(Math.max(...all.flat().map(Math.abs)), 6);
  });

  it("leaves out the largest hundredth if asked to", () => {
    const given = new Given(1, 8);
    given.values.set(
      "a.weight|0",
      Float32Array.from({ length: 12 }, (_, i) => (i < 11 ? 0.1 : 50)),
    );
    const spread = spreadOf(given);
    spread.update({ ...DEFAULTS, of: ["a.weight"] }, null);
    expect(spread.inner(0, 0)).toEqual([-0.1, 0.1, 60]);
  });

  it("shows twelve parts, and the one in which something is selected", () => {
    const parameters = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`l${i}.weight`, [2]]));
    const wide = { ...net, parameters } as Network;
    const given = new Given(0, 1) as unknown as History;
    const spread = new Spread(wide, [given]);
    spread.update(DEFAULTS, "l17.weight");
    const names = spread.parts.map(({ name }) => name);
    expect([names.length, names[0], names[11], spread.nParts]).toEqual([12, "l0", "l17", 20]);
  });
});

describe("what is selected", () => {
  const lstm = lstmNetwork(2, 3);
  const history = {
    ...{ nCheckpoints: 1, precision: "float32", revision: 0 },
    isHere: () => true,
    want: () => {},
    parameter: (name: string) =>
      some(
        lstm.parameters[name].reduce((a, b) => a * b, 1),
        name.length,
      ),
  } as unknown as History;
  const spread = new Spread(lstm, [history]);
  spread.update({ ...DEFAULTS, by: "gate" }, null);
  const name = "lstm.weight_ih_l0";

  it("is in the panel of its gate alone", () => {
    const picked = pickedOf(lstm, { parameter: name, index: [7, 1] })!;
    expect(picked.entries).toEqual([15]);
    expect(spread.parts.filter((part) => isOf(lstm, part, picked)).map((part) => part.name)).toEqual([
      "lstm.g",
    ]);
    expect(valuesOf(spread.series[0][2], picked, 0)).toEqual([history.parameter(name, 0)![15]]);
    expect(pickedOf(lstm, { group: "lstm", unit: 0 })).toBe(null);
  });

  it("is found by its bin: the weight of the gate that is nearest to the middle", () => {
    const series = spread.series[0][1];
    const { bins } = spread;
    series.at(0)!.forEach((n, bin) => {
      const found = nearestIn(lstm, series, 0, bins, bin);
      expect(found === null).toBe(n === 0);
      if (!found) return;
      const picked = pickedOf(lstm, found)!;
      expect([picked.port, binOf(bins, valuesOf(series, picked, 0)[0])]).toEqual(["f", bin]);
    });
  });
});
