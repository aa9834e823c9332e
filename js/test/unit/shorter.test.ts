import { describe, expect, it } from "vitest";
import { shorter } from "../../bundling/shorter.mjs";

describe("a module, shortened", () => {
  it("compares with NaN and undefined as it did", async () => {
    const code = await shorter(`
      export const outside = (x, lo, hi) => { const out = []; for (const v of x) { if (!(v >= lo && v <= hi)) continue; out.push(v); } return out; };
      export const rises = (lo, hi) => !(hi <= lo);
      export const falls = (lo, hi) => !(hi > lo) || !(lo < hi);
    `);
    const found = await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`);
    expect(found.outside([Number.NaN, undefined, 1, 5], 0, 2)).toEqual([1]);
    expect(found.rises(Number.NaN, 1)).toBe(true);
    expect(found.falls(Number.NaN, 1)).toBe(true);
  });
});
