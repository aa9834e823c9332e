import { existsSync, readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { JsonNumber } from "../../src/blocks";
import { classifyLinks } from "../../src/images/classify";
import { loadKernel } from "../../src/images/kernel";
import type { Strip } from "../../src/images/plan";
import { Planes, shadeStrip } from "../../src/images/shading";
import { halfSum, paintSums, sumColours, sumsInRows } from "../../src/images/tones";
import { type Kernel, PlainKernel } from "../../src/raster";
import { NEGATIVE, ODD, PALETTES, POSITIVE } from "../../src/scale";

interface Case {
  name: string;
  x: [number, number];
  stage: [number, number];
  from: number[];
  to: number[];
  weights: JsonNumber[];
  domain: number;
  negative: string;
  positive: string;
  odd: string;
}

const fixture = new URL("../../../tests/fixtures/shading.json", import.meta.url);
const cases: Case[] = JSON.parse(readFileSync(fixture, "utf8"));
const wasm = new URL("../../build/raster.wasm", import.meta.url);
const kernels: Kernel[] = [new PlainKernel()];

beforeAll(async () => {
  expect(existsSync(wasm), "run `npm run build` first: it compiles the kernel").toBe(true);
  kernels.push(await loadKernel(new Uint8Array(readFileSync(wasm))));
  expect(kernels.map((kernel) => kernel.name)).toEqual(["ts", "wasm"]);
});

const points = (x: number, ys: number[]) => Float32Array.from(ys.flatMap((y) => [x, y]));

function stripOf({ x, from, to }: Case): Strip {
  const about = { start: 0, nTarget: to.length, nSource: from.length, crowd: 0, signed: true, shown: true };
  return { ...about, from: points(x[0], from), to: points(x[1], to) };
}

/** Rasterise the links of a case, each drawn however weak it is. */
function planesOf(kernel: Kernel, given: Case, values: Float32Array, isSum = false): Planes {
  const strip = stripOf(given);
  const order = { values, domains: Float64Array.of(given.domain), missing: Uint8Array.of(0) };
  const { buckets } = classifyLinks({ strips: [strip], threshold: 0, signs: ["+", "-"] }, order);
  const planes = new Planes(given.stage[0], given.stage[1], isSum);
  const links = { values, buckets, mask: null, leastShade: 1 };
  for (const _ of shadeStrip(kernel, planes, strip, given.domain, links, 1));
  return planes;
}

const weightsOf = ({ weights }: Case) => Float32Array.from(weights);

/** A plane, which lies in columns, in rows. */
function rowsOf(plane: Uint8Array, [width, height]: [number, number]): number[] {
  return Array.from(
    { length: width * height },
    (_, p) => plane[(p % width) * height + Math.floor(p / width)],
  );
}

describe("the strongest link of each pixel", () => {
  it.each(cases)("is the one that numpy finds by brute force: $name", (given) => {
    for (const kernel of kernels) {
      const planes = planesOf(kernel, given, weightsOf(given));
      for (const [kind, expected] of [
        [NEGATIVE, given.negative],
        [POSITIVE, given.positive],
        [ODD, given.odd],
      ] as const)
        expect(rowsOf(planes.level(kind), given.stage)).toEqual([...Buffer.from(expected, "base64")]);
    }
  });

  it("leaves no gaps in a steep line: every row between its ends is touched", () => {
    const given = { ...cases[0], x: [4, 36], stage: [40, 120], from: [2], to: [118] } as Case;
    const rows = rowsOf(planesOf(kernels[0], given, Float32Array.of(1)).level(POSITIVE), given.stage);
    for (let row = 4; row < 116; row++)
      expect(rows.slice(row * 40, (row + 1) * 40).some((level) => level > 0)).toBe(true);
  });
});

describe("the strongest of very many links", () => {
  const [nTarget, nSource] = [90, 80]; // thousands more than fill the pixels
  const spread = (n: number) => Array.from({ length: n }, (_, i) => 4 + (i * 52) / (n - 1));
  const given = {
    x: [4, 76],
    stage: [80, 60],
    from: spread(nSource),
    to: spread(nTarget),
    domain: 1,
  } as Case;
  const values = Float32Array.from(
    { length: nTarget * nSource },
    (_, i) => ((i * 7919) % 10_007) / 10_007 + 1e-4,
  );

  it("is what each of them alone would have left, though most are skipped", () => {
    for (const kernel of kernels) {
      const expected = new Uint8Array(80 * 60);
      for (const [link, value] of values.entries()) {
        const source = given.from[link % nSource];
        const alone = { ...given, from: [source], to: [given.to[Math.floor(link / nSource)]] } as Case;
        const plane = planesOf(kernel, alone, Float32Array.of(value)).level(POSITIVE);
        plane.forEach((level, p) => {
          expected[p] = Math.max(expected[p], level);
        });
      }
      expect(planesOf(kernel, given, values).level(POSITIVE)).toEqual(expected);
    }
  });
});

describe("the signed sum", () => {
  const given = cases.find(({ name }) => name === "crowded")!;
  const other = Float32Array.from(weightsOf(given), (w, i) => (Number.isFinite(w) ? -w * ((i % 7) / 5) : 0));
  const finite = weightsOf(given).map((w) => (Number.isFinite(w) ? Math.max(-2, Math.min(2, w)) : 0));

  it("is the same from both kernels", () => {
    const [plain, simd] = kernels.map((kernel) => sumsInRows(planesOf(kernel, given, finite, true)));
    expect(simd).toEqual(plain);
    expect(new Set(plain).size).toBeGreaterThan(50);
  });

  it("adds up, in each column of pixels, to the sum of all weights", () => {
    const sums = sumsInRows(planesOf(kernels[0], given, finite, true));
    const total = finite.reduce((sum, w) => sum + (64 * w) / given.domain, 0);
    const [width, height] = given.stage;
    for (let x = 0; x < width; x++) {
      const column = Array.from({ length: height }, (_, row) => sums[row * width + x]);
      expect(Math.abs(column.reduce((a, b) => a + b) - total)).toBeLessThan(height / 2);
    }
  });

  it("of two pictures, mixed, is that of the mixed weights within 2/255 of the largest sum", () => {
    const share = 0.3;
    const [a, b] = [finite, other].map((values) => sumsInRows(planesOf(kernels[0], given, values, true)));
    const mixedWeights = finite.map((w, i) => w + (other[i] - w) * share);
    const redrawn = sumsInRows(planesOf(kernels[0], given, mixedWeights, true));
    const largest = redrawn.reduce((most, sum) => Math.max(most, Math.abs(sum)), 0);
    const worst = redrawn.reduce(
      (most, sum, p) => Math.max(most, Math.abs(sum - (a[p] + (b[p] - a[p]) * share))),
      0,
    );
    expect(worst / largest).toBeLessThan(2 / 255);
  });

  it("has the colour of its sign, the stronger the larger, and none where it is zero", () => {
    const table = sumColours(PALETTES.light, 4);
    const pixels = new Uint32Array(3);
    paintSums(Int16Array.of(0, 640, -640), null, 0, table, pixels);
    const bytes = new Uint8Array(pixels.buffer);
    expect(bytes[3]).toBe(0);
    expect([...bytes.subarray(4, 7)]).toEqual([...PALETTES.light.positive]);
    expect([...bytes.subarray(8, 11)]).toEqual([...PALETTES.light.negative]);
    expect(bytes[7]).toBe(Math.round((255 * 10) / 14));
    expect(halfSum([], 100)).toBe(1);
  });
});
