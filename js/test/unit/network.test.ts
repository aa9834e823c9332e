import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import type { JsonNumber } from "../../src/blocks";
import {
  evaluateBundle,
  firstSource,
  linkEntries,
  type Network,
  readNetwork,
  storedName,
  unitName,
} from "../../src/network";

interface Fixture {
  network: Network;
  parameter: JsonNumber[];
  matrices: Record<string, JsonNumber[]>;
  entries: Record<string, number[]>;
}
const file = new URL("../../../tests/fixtures/bundles.json", import.meta.url);
const { network, parameter, matrices, entries }: Fixture = JSON.parse(readFileSync(file, "utf8"));

describe("the links of a bundle are those that Python computes", () => {
  it.each(network.bundles)("$id", (bundle) => {
    const base = 5; // the parameter lies somewhere in a longer array
    const values = Float32Array.from([...new Array(base).fill(99), ...parameter.map(Number)]);
    const links = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    evaluateBundle(bundle, values, base, links);
    const expected = matrices[bundle.id].map(Number);
    expect(links.length).toBe(expected.length);
    expected.forEach((value, k) => {
      if (Number.isNaN(value)) expect(links[k]).toBeNaN();
      else expect(links[k]).toBeCloseTo(value, 5);
    });
  });
});

describe("the entries behind the last link are those that Python names", () => {
  it.each(network.bundles)("$id", (bundle) => {
    const [nTarget, nSource] = [bundle.shape[0], bundle.shape[1] * (bundle.blocks ?? 1)];
    expect(linkEntries(bundle, nTarget - 1, nSource - 1)).toEqual(entries[bundle.id]);
  });
});

test("the fixture has bundles of every kind", () => {
  expect(new Set(network.bundles.map((bundle) => bundle.reduce))).toEqual(
    new Set(["none", "sum", "l2", "index"]),
  );
});

test("a unit is called by its name, or its 1-based number", () => {
  const group = network.groups[0];
  expect(unitName(group, 0)).toBe("1");
  expect(unitName({ ...group, unit_names: ["age", "height"] }, 1)).toBe("height");
  expect(unitName({ ...group, role: "bias", unit_names: ["b"] }, 0)).toBe("1");
});

test("a unit of a head is called by its head and its number in it", () => {
  const heads = { ...network.groups[0], n_units: 6, parts: ["head 1", "head 2"] };
  expect(unitName(heads, 0)).toBe("head 1 · 1");
  expect(unitName(heads, 4)).toBe("head 2 · 2");
});

test("units of different blocks have no link", () => {
  const grouped = network.bundles.find(({ id }) => id === "two blocks")!;
  expect(firstSource(grouped, 2)).toBe(0);
  expect(firstSource(grouped, 3)).toBe(1);
  expect(linkEntries(grouped, 3, 0)).toEqual([]);
  expect(linkEntries(grouped, 3, 1)).toEqual([18, 19, 20]);
});

test("a tied parameter's values travel under its first name", () => {
  const tied = { ...network, tied: { "decoder.weight": "w" } };
  expect(storedName(tied, "decoder.weight")).toBe("w");
  expect(storedName(tied, "w")).toBe("w");
});

describe("a network is read", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("as Python writes it, without a build", () => {
    expect(readNetwork(network)).toEqual(network);
  });
  it("with the names that a build gave its properties; parameters keep those that the model gave", async () => {
    vi.stubGlobal("SHORT_NAMES", { groups: "a", n_units: "b", parameters: "c" });
    vi.resetModules();
    const { readNetwork: read } = await import("../../src/network");
    const groups = [{ id: "fc1", n_units: 3 }];
    const json = { layers: [], groups, bundles: [], wires: [], parameters: { n_units: [3] } };
    expect(read(json)).toMatchObject({ c: { n_units: [3] } });
    expect(read(json).groups).toEqual([{ id: "fc1", b: 3 }]);
  });
});
