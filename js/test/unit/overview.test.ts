// The overview: which row and column a parameter stands in, and the numbers and lines of its cells.
import { describe, expect, it } from "vitest";
import { gridOf } from "../../src/extras/overview/grid";
import { lineOf, rangeOf, seriesOf, shareOf } from "../../src/extras/overview/series";
import type { History } from "../../src/history";
import type { Network } from "../../src/network";

const networkOf = (names: string[], tied: Record<string, string> = {}): Network =>
  ({ parameters: Object.fromEntries(names.map((name) => [name, [2, 2]])), tied }) as unknown as Network;

describe("the table", () => {
  it("has a row for each repeated block and a column for each kind of parameter in it", () => {
    const grid = gridOf(
      networkOf([
        "wte.weight",
        "h.0.ln.weight",
        "h.0.attn.qkv.weight",
        "h.1.ln.weight",
        "h.1.attn.qkv.weight",
        "ln_f.bias",
      ]),
    );
    expect(grid.hasBlocks).toBe(true);
    expect(grid.columns).toEqual(["ln.weight", "attn.qkv.weight", "weight", "bias"]);
    expect(grid.rows).toEqual([
      { name: "wte", cells: [null, null, "wte.weight", null] },
      { name: "h.0", cells: ["h.0.ln.weight", "h.0.attn.qkv.weight", null, null] },
      { name: "h.1", cells: ["h.1.ln.weight", "h.1.attn.qkv.weight", null, null] },
      { name: "ln_f", cells: [null, null, null, "ln_f.bias"] },
    ]);
  });

  it("keeps blocks of different stages apart, and what is nested in a block in its row", () => {
    const { rows, columns } = gridOf(
      networkOf([
        "layer1.0.conv.weight",
        "layer1.1.conv.weight",
        "layer2.0.conv.weight",
        "layer2.0.downsample.0.weight",
        "layer2.1.conv.weight",
      ]),
    );
    expect(rows.map(({ name }) => name)).toEqual(["layer1.0", "layer1.1", "layer2.0", "layer2.1"]);
    expect(columns).toEqual(["conv.weight", "downsample.0.weight"]);
  });

  it("lists a model without blocks by layer", () => {
    const grid = gridOf(networkOf(["fc1.weight", "fc1.bias", "out.weight", "scale"]));
    expect(grid.hasBlocks).toBe(false);
    expect(grid.rows.map(({ name }) => name)).toEqual(["fc1", "out", "scale"]);
    expect(grid.columns).toEqual(["weight", "bias", "value"]);
  });

  it("has every parameter once, and tied ones under the name that they travel by", () => {
    const names = ["a.0.w", "a.1.w", "b", "c.weight", "d.weight"];
    const { rows } = gridOf(networkOf(names, { "d.weight": "c.weight" }));
    expect(rows.flatMap(({ cells }) => cells.filter(Boolean)).sort()).toEqual(names.slice(0, 4).sort());
  });
});

const summaries = {
  over: (quantity: string) =>
    Float64Array.from({ norm: [2, 4, 0, 5], update_norm: [Number.NaN, 1, 4, 5] }[quantity]!),
};

describe("the numbers", () => {
  it("of an update ratio are by the norm before it, and none after zero", () => {
    const history = { summaries } as unknown as History;
    expect([...(seriesOf(history, "update_ratio", "w", new Map()) as Float64Array)]).toEqual([
      Number.NaN,
      0.5,
      1,
      Number.NaN,
    ]);
    expect([...(seriesOf(history, "norm", "w", new Map()) as Float64Array)]).toEqual([2, 4, 0, 5]);
  });

  it("have a range without what is not finite, and without zeros where logarithms are taken", () => {
    const lists = [
      [Number.NaN, 0, 3],
      [Number.POSITIVE_INFINITY, 0.5],
    ];
    expect(rangeOf(lists, false)).toEqual([0, 3]);
    expect(rangeOf(lists, true)).toEqual([0.5, 3]);
    expect(rangeOf([[Number.NaN]], false)).toBeNull();
  });

  it("lie in it by their values or their logarithms", () => {
    expect(shareOf(1, [0, 4], false)).toBe(0.25);
    expect(shareOf(1, [0.01, 100], true)).toBeCloseTo(0.5);
    expect(shareOf(0, [0.01, 100], true)).toBeNaN();
    expect(shareOf(3, [3, 3], false)).toBe(1);
  });

  it("make a line that leaves a gap where there is none", () => {
    expect(lineOf([0, 1, Number.NaN, 1], [0, 0.25, 0.5, 1], false)).toBe("M0.0 22.0h0L25.0 2.0M100.0 2.0h0");
    expect(lineOf([7, 7], [0, 1], false)).toBe("M0.0 12.0h0L100.0 12.0");
    expect(lineOf([Number.NaN], [0], false)).toBe("");
  });
});
