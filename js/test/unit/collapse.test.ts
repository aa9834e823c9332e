import { describe, expect, it } from "vitest";
import { collapse } from "../../src/collapse";
import { hierarchyOf, shortName } from "../../src/hierarchy";
import type { Network } from "../../src/network";
import { isLegible, LEGIBLE, openAtFirst, openableBlocks, withClosed, withOpened } from "../../src/opening";
import { chain, lstmNetwork } from "./nets";

const fold = (network: Network, expanded: string[]) => collapse(hierarchyOf(network), expanded);
const ids = (network: Network): string[] => network.groups.filter((g) => g.role !== "bias").map((g) => g.id);
const arrows = (network: Network): string[] =>
  network.wires.map(({ source, target }) => `${source}→${target}`);

/** Every wire and bundle goes to a later column: there is no cycle. */
function expectAcyclic({ groups, wires, bundles }: Network): void {
  const column = new Map(groups.map((group) => [group.id, group.column]));
  for (const { source, target } of [...wires, ...bundles.filter((bundle) => bundle.role === "input")])
    expect(column.get(target), `${source} → ${target}`).toBeGreaterThan(column.get(source)!);
}

describe("folding blocks", () => {
  it("leaves a small network as it is, the very object", () => {
    for (const network of [lstmNetwork(3, 8), chain(["input", "fc1", "fc2"], [784, 100, 10])]) {
      const hierarchy = hierarchyOf(network);
      expect(collapse(hierarchy, openAtFirst(hierarchy)).network).toBe(network);
    }
  });

  it("makes one box of a block, and one wire of all that enters it", () => {
    const { network, boxes } = fold(chain(["input", "a.0", "a.1", "out"], 4), ["input", "out"]);
    expect(ids(network)).toEqual(["input", "a", "out"]);
    expect(arrows(network)).toEqual(["input→a", "a→out"]);
    expect(network.bundles.filter((bundle) => bundle.role === "input")).toEqual([]);
    expect(boxes.get("a")!.block.nParameters).toBe(2 * (16 + 4));
    expect(network.groups.find(({ id }) => id === "a")!.role).toBe("box");
    expectAcyclic(network);
  });

  it("keeps the bundles between layers that are open, and what opens implies what is above", () => {
    const { network, frames } = fold(chain(["input", "a.0", "a.1", "out"], 4), ["a.0", "a.1"]);
    expect(ids(network)).toEqual(["input", "a.0", "a.1", "out"]);
    expect(network.bundles.filter((b) => b.role === "input").map((b) => b.id)).toEqual(["a.1.weight"]);
    expect(frames.map(({ block }) => block.name)).toEqual(["a", "a.0", "a.1"]);
  });

  it("splits a block that data leaves and re-enters", () => {
    const network = chain(["input", "a.x.p", "b", "a.y.q", "a.y.r", "out"], 4);
    const { network: folded, boxes } = fold(network, []);
    expect([...boxes.values()].map(({ id, part, nParts }) => [id, part, nParts])).toContainEqual(["b", 0, 1]);
    expectAcyclic(folded);
    expect(folded.groups.filter((group) => group.layer === "a" || group.layer.startsWith("a."))).toHaveLength(
      2,
    );
  });

  it("shows the children of a block that would take as many boxes as it has children", () => {
    const network = chain(["input", "convs.0", "norms.0", "convs.1", "norms.1", "out"], 4);
    const { network: folded, frames } = fold(network, []);
    expect(ids(folded)).toEqual(["input", "convs.0", "norms.0", "convs.1", "norms.1", "out"]);
    expect(frames.map(({ canClose }) => canClose)).toEqual([false, false]);
    expectAcyclic(folded);
  });

  it("stays acyclic where two blocks feed each other, though neither is left and re-entered", () => {
    const network = chain(["a.0", "b.0"], 4);
    const more = chain(["b.1", "a.1"], 4);
    const both: Network = {
      ...network,
      layers: [...network.layers, ...more.layers],
      groups: [...network.groups, ...more.groups],
      bundles: [...network.bundles, ...more.bundles],
      parameters: { ...network.parameters, ...more.parameters },
    };
    expectAcyclic(fold(both, []).network);
  });

  it("splits a layer that is used twice with another between", () => {
    const network = chain(["input", "fc", "mid", "again", "out"], 4);
    for (const group of network.groups) if (group.id === "again") group.layer = "fc";
    const { network: folded, boxes } = fold(network, []);
    expect([...boxes.values()].filter(({ block }) => block.name === "fc").map(({ id }) => id)).toEqual([
      "fc#1",
      "fc#2",
    ]);
    expectAcyclic(folded);
  });

  it("arches a residual over a folded block as a wire", () => {
    const network = chain(["input", "block.fc", "block.add", "out"], 4);
    network.wires.push({ source: "input", target: "block.add", kind: "add" });
    expect(arrows(fold(network, ["block"]).network)).toContain("input→block.add");
    expect(arrows(fold(network, []).network)).toEqual(["input→block", "block→out"]);
  });

  it("counts tied parameters once", () => {
    const network = chain(["input", "a.enc", "a.dec"], 4);
    network.tied["a.dec.weight"] = "a.enc.weight";
    expect(fold(network, []).boxes.get("a")!.block.nParameters).toBe(16 + 4 + 4);
  });

  it("gives a join without parameters to the block whose layers it joins", () => {
    const network = chain(["input", "t.wte", "add", "t.h.0", "out"], 4);
    delete network.parameters["add.weight"];
    delete network.parameters["add.bias"];
    expect(ids(fold(network, []).network)).toEqual(["input", "t", "out"]);
  });
});

describe("which blocks are open at first", () => {
  const deep = chain(
    ["input", ...Array.from({ length: 60 }, (_, k) => `h.${Math.floor(k / 5)}.${k % 5}`)],
    8,
  );

  it("is the finest level that is legible", () => {
    const hierarchy = hierarchyOf(deep);
    expect(isLegible(deep)).toBe(false);
    const { network } = collapse(hierarchy, openAtFirst(hierarchy));
    expect(ids(network)).toEqual(["input", ...Array.from({ length: 12 }, (_, k) => `h.${k}`)]);
  });

  it("opens a long sequence that is most of the network, though it needs scrolling", () => {
    const network = chain(["input", ...Array.from({ length: 96 }, (_, k) => `m.h.${k >> 1}.${k & 1}`)], 8);
    const hierarchy = hierarchyOf(network);
    expect(ids(collapse(hierarchy, openAtFirst(hierarchy)).network)).toHaveLength(49);
  });

  it("makes one box of many layers above each other, however much of the network they are", () => {
    const heads = Array.from({ length: 40 }, (_, k) => `heads.${k}`);
    const network = chain(["input", "a", ...heads], 4);
    for (const group of network.groups) if (group.role !== "bias" && group.column > 2) group.column = 2;
    for (const b of network.bundles) if (b.target.startsWith("heads") && b.role !== "bias") b.source = "a";
    expect(isLegible(network)).toBe(false);
    const hierarchy = hierarchyOf(network);
    expect(ids(collapse(hierarchy, openAtFirst(hierarchy)).network)).toEqual(["input", "a", "heads"]);
  });

  it("makes a box of a single layer that is too large to draw by link", () => {
    const network = chain(["input", "wide", "out"], [30_000, 600, 10]);
    const hierarchy = hierarchyOf(network);
    const { boxes } = collapse(hierarchy, openAtFirst(hierarchy));
    expect([...boxes.keys()]).toContain("wide");
  });

  it("never draws more than is legible by itself", () => {
    const network = chain(["input", "big", "a", "b"], [3000, 3000, 30, 20]);
    const hierarchy = hierarchyOf(network);
    const { network: folded } = collapse(hierarchy, openAtFirst(hierarchy));
    expect(ids(folded)).toEqual(["input", "big", "a", "b"]);
    for (const { shape } of folded.bundles) expect(shape[0] * shape[1]).toBeLessThanOrEqual(LEGIBLE.links);
    expect(folded.bundles.some(({ id }) => id === "b.weight")).toBe(true); // small ones keep their links
  });
});

describe("opening and closing", () => {
  const network = chain(["input", "a.0", "a.1", "b.0", "b.1", "out"], 4);
  const hierarchy = hierarchyOf(network);

  it("opens a block with the links inside it", () => {
    const { network: opened } = collapse(hierarchy, withOpened(hierarchy, [], "a"));
    expect(opened.bundles.map((bundle) => bundle.id)).toContain("a.1.weight");
    expect(ids(opened)).toEqual(["input", "a.0", "a.1", "b", "out"]);
  });

  it("opens a layer together with the one it reads, so that its links are seen", () => {
    const names = withOpened(hierarchy, withOpened(hierarchy, [], "a"), "out");
    expect(names).toContain("out");
    expect(openableBlocks(hierarchy).has(hierarchy.blocks.get("out")!)).toBe(true);
  });

  it("closes a block with all in it, and is then where it was", () => {
    const opened = withOpened(hierarchy, ["b"], "a");
    expect(withClosed(hierarchy, opened, "a")).toEqual(["b"]);
  });

  it("ignores names that are not there, as a page of an older model may have", () => {
    expect(ids(collapse(hierarchy, ["nothing"]).network)).toEqual(["input", "a", "b", "out"]);
  });

  it("names numbered blocks with what they are numbers of", () => {
    expect(["a.0", "a", "out"].map((name) => shortName(hierarchy.blocks.get(name)!))).toEqual([
      "a.0",
      "a",
      "out",
    ]);
  });
});

it("folds a network of a thousand layers in a blink", () => {
  const network = chain(["input", ...Array.from({ length: 1000 }, (_, k) => `h.${k >> 3}.${k & 7}`)], 4);
  const start = performance.now();
  const hierarchy = hierarchyOf(network);
  collapse(hierarchy, openAtFirst(hierarchy));
  expect(performance.now() - start).toBeLessThan(1000) /* 50 ms where nothing else runs */;
});
