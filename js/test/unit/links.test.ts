import { describe, expect, it } from "vitest";
import type { Index } from "../../src/blocks";
import { History } from "../../src/history";
import { crispLinks } from "../../src/images/crisp";
import { maskOf } from "../../src/images/plan";
import { isDrawable, layoutNetwork } from "../../src/layout";
import type { Network } from "../../src/network";
import { DEFAULTS, type Options } from "../../src/options";
import { domainOf } from "../../src/scale";
import { Links } from "../../src/views/graph/links";
import { type Lines, pickLink } from "../../src/views/graph/pick";
import { Scene } from "../../src/views/graph/scene";
import { endsOfLink } from "../../src/views/graph/strips";
import { groupedNetwork, lstmNetwork } from "./nets";

const looks = { width: 900, height: 480, unfolded: {}, order: new Map<string, Int32Array>() };

/** A history of random float32 parameters, (n, *shape), as Python would send it. */
async function randomHistory(network: Network, n: number): Promise<History> {
  let seed = 1;
  const random = () => {
    seed = (seed * 16807) % 2147483647;
    return (seed / 2147483647) * 2 - 1;
  };
  const parts: Uint8Array[] = [];
  const blocks = Object.entries(network.parameters).map(([name, dims], part) => {
    const values = Float32Array.from({ length: n * dims.reduce((a, b) => a * b, 1) }, random);
    parts.push(new Uint8Array(values.buffer));
    const rest = { start: 0, stop: n, part, offset: 0, n_bytes: values.byteLength };
    return {
      run: "run",
      quantity: "weights",
      name,
      dims,
      dtype: "float32",
      scale: 1,
      coding: "raw",
      ...rest,
    } as const;
  });
  const runs = [{ name: "run", n_checkpoints: n, steps: null, epochs: null, metrics: {} }];
  const index: Index = { format: 1, precision: "float32", window: null, notes: [], runs, blocks, orders: {} };
  const history = new History(network, null);
  history.open(index, parts);
  await history.decoding;
  return history;
}

async function sceneOf(network = lstmNetwork(3, 5), change: Partial<Options> = {}, n = 3) {
  const history = await randomHistory(network, n);
  const layout = layoutNetwork(network, looks);
  const options = { ...DEFAULTS, ...change };
  const links = new Links(network, history, options, (b) => isDrawable(layout, b), new Map());
  return { network, history, layout, links, scene: new Scene(network, layout, links, options) };
}

describe("links at a checkpoint", () => {
  it("have the values of their parameter entries", async () => {
    const { links, history } = await sceneOf();
    const i = links.indexOf("lstm.weight_hh_l0[g]", 2, 4);
    expect(links.values(1)[i]).toBe(history.parameter("lstm.weight_hh_l0", 1)![2 * 25 + 2 * 5 + 4]);
    expect(links.link(i)).toMatchObject({ target: 2, source: 4, bundle: { port: "g" } });
  });

  it("show the difference from the reference checkpoint exactly", async () => {
    const { links, history, scene } = await sceneOf(undefined, { quantity: "difference", reference: 0 });
    const i = links.indexOf("lstm.weight_ih_l0[f]", 1, 2);
    const at = (k: number) => history.parameter("lstm.weight_ih_l0", k)![15 + 1 * 3 + 2];
    expect(links.values(2)[i]).toBeCloseTo(at(2) - at(0), 6);
    expect(scene.classify(0).tally.missing).toBe(0);
  });

  it("have no update at the first checkpoint, and say so", async () => {
    const { links, scene } = await sceneOf(undefined, { quantity: "update" });
    expect(scene.classify(0).tally).toMatchObject({ drawn: 0, missing: links.n });
    expect(scene.classify(1).tally.missing).toBe(0);
  });

  it("lose exactly the links below the filter, of hidden signs, gates and roles", async () => {
    const all = await sceneOf();
    const { links, scene } = await sceneOf(undefined, {
      threshold: 0.4,
      signs: ["+"],
      gates: ["i", "o"],
      roles: ["input", "bias"],
    });
    const values = all.links.values(2);
    let expected = 0;
    for (let i = 0; i < values.length; i++) {
      const { bundle } = all.links.link(i);
      if (!["i", "o"].includes(bundle.port!) || bundle.role === "recurrent") continue;
      if (values[i] >= Math.fround(0.4 * all.links.domain(bundle, 2))) expected++;
    }
    const { tally } = scene.classify(2);
    expect(tally.drawn).toBe(expected);
    expect(tally.drawn + tally.filtered).toBe(links.n);
  });

  it("share one domain per layer over the whole history, biases apart: the 99.5 % quantile", async () => {
    const { links, history } = await sceneOf();
    const values = ["lstm.weight_ih_l0", "lstm.weight_hh_l0"].flatMap((name) =>
      [0, 1, 2].flatMap((k) => [...history.parameter(name, k)!]),
    );
    const sorted = values.map(Math.abs).sort((a, b) => a - b);
    const at = 0.995 * (sorted.length - 1);
    const low = Math.floor(at);
    const quantile = sorted[low] + (sorted[low + 1] - sorted[low]) * (at - low);
    const kernel = links.bundles.find((bundle) => bundle.role === "recurrent")!;
    expect(links.domain(kernel, 0)).toBeCloseTo(quantile, 6);
    const bias = links.bundles.find((bundle) => bundle.role === "bias")!;
    expect(links.domain(bias, 0)).not.toBe(links.domain(kernel, 0));
  });

  it("keep their domain when the history grows, unless the new checkpoints are larger", async () => {
    const { network, layout, links } = await sceneOf(undefined, {}, 2);
    const kernel = links.bundles[0];
    const before = links.domain(kernel, 0);
    const grown = await randomHistory(network, 4);
    const after = new Links(network, grown, DEFAULTS, (b) => isDrawable(layout, b), links.domains);
    expect(after.domain(kernel, 0)).toBeGreaterThanOrEqual(before);
  });

  it("give NaN and infinities a bucket of their own and leave them out of the domain", () => {
    expect(domainOf([new Float32Array([1, Number.NaN, Number.POSITIVE_INFINITY, -2])])).toBeCloseTo(1.995, 5);
    expect(domainOf([new Float32Array([Number.NaN])])).toBe(0);
  });
});

describe("a crowded layer", () => {
  it("keeps its 500 strongest links crisp, and the strongest of every unit; the shading holds them all", async () => {
    const network = lstmNetwork(64, 64);
    const { scene, links } = await sceneOf(network, {}, 1);
    const { buckets, tally } = scene.classify(0);
    const crisp = crispLinks(scene.strips, links.values(0), buckets, null, tally)!;
    const sizes = links.values(0).map(Math.abs);
    const least = [...sizes].sort((a, b) => b - a)[499];
    sizes.forEach((size, i) => {
      if (size > 1.01 * least) expect(crisp.links[i]).toBe(1);
    });
    for (let j = 0; j < 64; j++) expect(crisp.links.subarray(64 * j, 64 * (j + 1))).toContain(1);
    const n = crisp.links.reduce((a, b) => a + b, 0);
    expect(n).toBeLessThanOrEqual(500 + 64 + 64);
    expect(tally.shaded).toBe(64 * 64 - n);
    const drawn = sizes.reduce((sum, size, i) => sum + size * crisp.links[i], 0);
    expect(tally.share).toBeCloseTo(drawn / sizes.reduce((a, b) => a + b, 0), 6);
    expect(crisp.crowds.size).toBe(1);
  });

  it("is one of more than 3 000 links: smaller ones are all crisp, and not shaded", async () => {
    const { scene, links } = await sceneOf();
    const { buckets, tally } = scene.classify(0);
    expect(crispLinks(scene.strips, links.values(0), buckets, null, tally)).toBeNull();
    expect(tally).toMatchObject({ shaded: 0, share: 1 });
  });

  it("has NaN and infinite links counted, and never ranks by them", async () => {
    const { scene, links } = await sceneOf(lstmNetwork(64, 64), {}, 1);
    const values = links.values(0);
    values[5] = Number.NaN;
    values[6] = Number.POSITIVE_INFINITY;
    const { buckets, tally } = scene.classify(0);
    const crisp = crispLinks(scene.strips, values, buckets, null, tally)!;
    expect(tally.odd).toBe(2);
    expect(crisp.links.reduce((a, b) => a + b, 0)).toBeGreaterThan(450);
    expect(tally.share).toBeGreaterThan(0);
  });
});

describe("links in blocks", () => {
  it("run between units of the same block only", async () => {
    const { links, scene, layout } = await sceneOf(groupedNetwork(6, 3));
    expect(links.n).toBe(12);
    for (let i = 0; i < links.n; i++) {
      const { target, source } = links.link(i);
      expect(Math.floor(target / 2)).toBe(Math.floor(source / 2));
      expect(links.indexOf("conv.weight", target, source)).toBe(i);
      const [, y0, , y1] = endsOfLink(scene.strips, i);
      expect(y0).toBeCloseTo(layout.places.get("input")!.unitY[source], 3);
      expect(y1).toBeCloseTo(layout.places.get("conv")!.unitY[target], 3);
    }
    expect(links.indexOf("conv.weight", 0, 2)).toBe(-1);
  });

  it("stay strong with their unit, whichever end it is", async () => {
    const { links, scene } = await sceneOf(groupedNetwork(6, 3));
    for (const group of ["input", "conv"]) {
      const touched = links.touched({ units: [{ group, unit: 3 }], link: null });
      const mask = maskOf(scene.strips, links.n, touched)!;
      mask.forEach((marked, i) => {
        const { target, source } = links.link(i);
        expect(marked).toBe(Number((group === "input" ? source : target) === 3));
      });
    }
    const link = { bundle: "conv.weight", target: 4, source: 5 };
    const mask = maskOf(scene.strips, links.n, links.touched({ units: [], link }))!;
    expect([...mask.entries()].filter(([, marked]) => marked)).toEqual([
      [links.indexOf("conv.weight", 4, 5), 1],
    ]);
  });

  it("have a history of their own in storage", async () => {
    const { links, history, network } = await sceneOf(groupedNetwork(6, 3));
    const at = (k: number) => links.values(k)[links.indexOf("conv.weight", 5, 4)];
    const stored = history.stored(network.bundles[0], 5, 4);
    expect(stored[2]).toBeCloseTo(at(2), 5);
  });
});

describe("picking a link", () => {
  /** The cheapest link by looking at every one: distance, and a little for strength. */
  function byBruteForce({ strips, buckets }: Lines, x: number, y: number): number {
    let [best, least] = [-1, 6];
    buckets.forEach((bucket, i) => {
      if (bucket === 0) return;
      const [x0, y0, x1, y1] = endsOfLink(strips, i);
      const t = (x - x0) / (x1 - x0);
      if (t < 0 || t > 1) return;
      const slope = (y1 - y0) / (x1 - x0);
      const distance = Math.abs(y - y0 - t * (y1 - y0)) / Math.hypot(1, slope);
      const cost = distance - (distance < 6 ? bucket * 0.015 : 0);
      if (cost < least) [best, least] = [i, cost];
    });
    return best;
  }

  it.each([
    [3, 5],
    [40, 40],
  ])("finds what a search through all links finds, with %i inputs and %i units", async (nInputs, nUnits) => {
    const { scene } = await sceneOf(lstmNetwork(nInputs, nUnits), {}, 2);
    const targets = { strips: scene.strips, buckets: scene.classify(1).buckets, mask: null };
    let found = 0;
    for (let n = 0; n < 300; n++) {
      const [x, y] = [60 + ((n * 137) % 780), 60 + ((n * 71) % 400)];
      const expected = byBruteForce(targets, x, y);
      expect(pickLink(targets, x, y)).toBe(expected);
      if (expected >= 0) found++;
    }
    expect(found).toBeGreaterThan(50);
  });

  it("does not find hidden or dimmed links", async () => {
    const { scene, links } = await sceneOf();
    const { strips } = scene;
    const [x0, y0, x1, y1] = endsOfLink(strips, 0);
    const none = new Uint8Array(links.n);
    const at = [(x0 + x1) / 2, (y0 + y1) / 2] as const;
    const { buckets } = scene.classify(1);
    expect(pickLink({ strips, buckets, mask: null }, ...at)).toBeGreaterThanOrEqual(0);
    expect(pickLink({ strips, buckets: none, mask: null }, ...at)).toBe(-1);
    expect(pickLink({ strips, buckets, mask: none }, ...at)).toBe(-1);
  });
});

describe("the domain of many values", () => {
  it.each([1, 2, 3, 200, 201, 12_345])("is the quantile that sorting all %i of them finds", (n) => {
    const values = Float32Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) * 10 ** ((i % 7) - 3));
    const sorted = values.map(Math.abs).sort();
    const at = 0.995 * (n - 1);
    const [low, high] = [sorted[Math.floor(at)], sorted[Math.min(n - 1, Math.floor(at) + 1)]];
    const quantile = low + (high - low) * (at - Math.floor(at));
    expect(domainOf([values])).toBeCloseTo(quantile || sorted[n - 1], 9);
  });

  it("is the largest magnitude where nearly all are zero, and 0 where all are", () => {
    const values = new Float32Array(1000);
    expect(domainOf([values])).toBe(0);
    values[17] = -0.25;
    expect(domainOf([values])).toBe(0.25);
  });
});
