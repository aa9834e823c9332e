import { describe, expect, it } from "vitest";
import { collapse } from "../../src/collapse";
import { hierarchyOf } from "../../src/hierarchy";
import { layoutNetwork } from "../../src/layout";
import { Summaries } from "../../src/summaries";
import { rectOf, routesOf } from "../../src/views/graph/routes";
import { traceDomain } from "../../src/views/graph/trace";
import { chain } from "./nets";

function drawn(expanded: string[], skips: [string, string][]) {
  const whole = chain(["input", "a.0", "a.1", "a.2", "out"], 4);
  for (const [source, target] of skips) whole.wires.push({ source, target, kind: "add" });
  const { network, boxes, frames } = collapse(hierarchyOf(whole), expanded);
  const sizes = new Map([...boxes.keys()].map((id) => [id, { width: 140, height: 100 }]));
  const looks = { width: 900, height: 480, unfolded: {}, order: new Map<string, Int32Array>(), boxes: sizes };
  const layout = layoutNetwork(network, looks);
  return { layout, ...routesOf(layout, network.wires, frames), network };
}

describe("wires and frames", () => {
  it("runs straight between neighbours and arches over what stands between", () => {
    const { routes, layout } = drawn(["a"], [["input", "a.2"]]);
    const arches = routes.filter(({ tip }) => tip[2] === 90);
    expect(arches).toHaveLength(1);
    const highest = Math.min(...arches[0].path.match(/V([\d.]+)/g)!.map((v) => Number(v.slice(1))));
    for (const id of ["a.0", "a.1"]) expect(highest).toBeLessThan(rectOf(layout.places.get(id)!).top);
  });

  it("keeps two arches over the same boxes apart", () => {
    const { routes } = drawn(
      ["a"],
      [
        ["input", "a.2"],
        ["input", "a.1"],
      ],
    );
    const heights = routes
      .filter(({ tip }) => tip[2] === 90)
      .map(({ path }) => path.match(/Q[\d.]+,([\d.]+)/)![1]);
    expect(new Set(heights).size).toBe(2);
  });

  it("puts a frame around all that is drawn of an open block, arches among it, and nothing else", () => {
    const { frames, layout } = drawn(["a"], [["a.0", "a.2"]]);
    const [frame] = frames;
    expect(frame.block.name).toBe("a");
    for (const [id, place] of layout.places) {
      const { left, right } = rectOf(place);
      const isInside = left > frame.left && right < frame.right;
      expect(isInside, id).toBe(id.startsWith("a."));
    }
  });

  it("puts the boxes of a column where they do not touch", () => {
    const { layout } = drawn([], []);
    const rects = [...layout.places.values()].map(rectOf).sort((a, b) => a.left - b.left);
    for (let i = 1; i < rects.length; i++) expect(rects[i].left).toBeGreaterThan(rects[i - 1].right + 20);
  });
});

describe("norms over time", () => {
  const entry = (quantity: string, stop: number) => ({ quantity, start: 0, stop, dims: [2] }) as never;

  it("adds the parameters of a block up as the root of the sum of squares", () => {
    const summaries = new Summaries();
    summaries.begin(["a", "b"]);
    summaries.place(entry("norm", 2), new Float32Array([3, 4, 3, Number.NaN]));
    summaries.place(entry("n_odd", 2), new Float32Array([0, 0, 0, Number.NaN]));
    expect([...summaries.over("norm", ["a", "b"])]).toEqual([5, 3]); // b is missing at the second
  });

  it("does not hide a NaN in the sum, and knows no update before the first checkpoint", () => {
    const summaries = new Summaries();
    summaries.begin(["a", "b"]);
    summaries.place(entry("norm", 2), new Float32Array([3, 4, 3, Number.NaN]));
    summaries.place(entry("update_norm", 2), new Float32Array([Number.NaN, Number.NaN, 1, 2]));
    summaries.place(entry("n_odd", 2), new Float32Array([0, 0, 0, 1]));
    expect(summaries.over("norm", ["a", "b"])[1]).toBeNaN();
    expect(summaries.over("update_norm", ["a"])[0]).toBeNaN();
    expect(summaries.over("update_norm", ["a", "b"])[1]).toBeCloseTo(Math.sqrt(5));
    expect(summaries.over("n_odd", ["a", "b"])[1]).toBe(1);
  });

  it("does not make a mountain of a change of a thousandth", () => {
    const [low, high] = traceDomain([1, 1.001]);
    expect(high - low).toBeGreaterThan(0.19);
    expect(traceDomain([0, 2])).toEqual([0, 2]);
  });
});
