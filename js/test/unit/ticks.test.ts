import * as d3 from "d3-array";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bisectLeft, bisectRight, ticks } from "../../src/ticks";

const ends = fc
  .tuple(
    fc.integer({ min: -1e6, max: 1e6 }),
    fc.integer({ min: -1e6, max: 1e6 }),
    fc.integer({ min: -20, max: 20 }),
  )
  .map(([low, high, power]) => [low * 10 ** power, high * 10 ** power]);
const positive = (values: number[]) => values.map((x) => x || 0); // -0 is 0

describe("ticks", () => {
  it("are those of d3-array", () => {
    fc.assert(
      fc.property(ends, fc.integer({ min: 2, max: 20 }), ([low, high], count) => {
        expect(positive(ticks(low, high, count))).toEqual(positive(d3.ticks(low, high, count)));
      }),
      { numRuns: 2000 },
    );
  });
  it("are as round as they are written", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(ticks(0.05, 0.35, 3)).toEqual([0.1, 0.2, 0.3]);
    expect(ticks(30, 0, 3)).toEqual([30, 20, 10, 0]);
    expect(ticks(7, 7, 3)).toEqual([7]);
  });
  it("come to an end between neighbouring numbers", () => {
    expect(ticks(1e20, 1e20 + 16384, 3).length).toBeLessThan(10);
    expect(ticks(Number.NaN, 1, 3)).toEqual([]);
  });
});

describe("a place in a sorted list", () => {
  it("is before or behind equal values, as d3-array has it", () => {
    const list = fc.array(fc.integer({ min: -5, max: 5 })).map((values) => values.sort((a, b) => a - b));
    fc.assert(
      fc.property(list, fc.integer({ min: -6, max: 6 }), (values, x) => {
        expect(bisectLeft(values, x)).toBe(d3.bisectLeft(values, x));
        expect(bisectRight(values, x)).toBe(d3.bisectRight(values, x));
      }),
    );
  });
});
