import { describe, expect, it } from "vitest";
import type { Index } from "../../src/blocks";
import { History } from "../../src/history";
import { isDrawable, layoutNetwork } from "../../src/layout";
import type { Network } from "../../src/network";
import { DEFAULTS, type Options } from "../../src/options";
import { domainOf } from "../../src/scale";
import { strongLinks } from "../../src/views/graph/crowd";
import { Links } from "../../src/views/graph/links";
import { linkEnds } from "../../src/views/graph/painter";
import { pickLink } from "../../src/views/graph/pick";
import { lstmNetwork } from "./nets";

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
  const index: Index = { format: 1, precision: "float32", window: null, notes: [], runs, blocks };
  const history = new History(network, null);
  history.open(index, parts);
  await history.decoding;
  return history;
}

async function scene(change: Partial<Options> = {}, n = 3) {
  const network = lstmNetwork(3, 5);
  const history = await randomHistory(network, n);
  const layout = layoutNetwork(network, looks);
  const options = { ...DEFAULTS, ...change };
  const links = new Links(network, history, options, (b) => isDrawable(layout, network, b), new Map());
  return { network, history, layout, links };
}

describe("links at a checkpoint", () => {
  it("have the values of their parameter entries", async () => {
    const { links, history } = await scene();
    const i = links.indexOf("lstm.weight_hh_l0[g]", 2, 4);
    expect(links.values(1)[i]).toBe(history.parameter("lstm.weight_hh_l0", 1)![2 * 25 + 2 * 5 + 4]);
    expect(links.link(i)).toMatchObject({ target: 2, source: 4, bundle: { port: "g" } });
  });

  it("show the difference from the reference checkpoint exactly", async () => {
    const { links, history } = await scene({ quantity: "difference", reference: 0 });
    const i = links.indexOf("lstm.weight_ih_l0[f]", 1, 2);
    const at = (k: number) => history.parameter("lstm.weight_ih_l0", k)![15 + 1 * 3 + 2];
    expect(links.values(2)[i]).toBeCloseTo(at(2) - at(0), 6);
    expect(links.buckets(0).tally.missing).toBe(0);
  });

  it("have no update at the first checkpoint, and say so", async () => {
    const { links } = await scene({ quantity: "update" });
    expect(links.buckets(0).tally).toMatchObject({ drawn: 0, missing: links.n });
    expect(links.buckets(1).tally.missing).toBe(0);
  });

  it("lose exactly the links below the filter, of hidden signs, gates and roles", async () => {
    const all = await scene();
    const { links } = await scene({
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
    const { tally } = links.buckets(2);
    expect(tally.drawn).toBe(expected);
    expect(tally.drawn + tally.filtered).toBe(links.n);
  });

  it("share one domain per layer over the whole history, biases apart: the 99.5 % quantile", async () => {
    const { links, history } = await scene();
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
    const { network, layout, links } = await scene({}, 2);
    const kernel = links.bundles[0];
    const before = links.domain(kernel, 0);
    const grown = await randomHistory(network, 4);
    const after = new Links(network, grown, DEFAULTS, (b) => isDrawable(layout, network, b), links.domains);
    expect(after.domain(kernel, 0)).toBeGreaterThanOrEqual(before);
  });

  it("give NaN and infinities a bucket of their own and leave them out of the domain", () => {
    expect(domainOf([new Float32Array([1, Number.NaN, Number.POSITIVE_INFINITY, -2])])).toBeCloseTo(1.995, 5);
    expect(domainOf([new Float32Array([Number.NaN])])).toBe(0);
  });
});

describe("a crowded layer", () => {
  it("keeps its 500 strongest links strong, and the strongest of every unit", async () => {
    const network = lstmNetwork(64, 64);
    const history = await randomHistory(network, 1);
    const layout = layoutNetwork(network, looks);
    const links = new Links(network, history, DEFAULTS, (b) => isDrawable(layout, network, b), new Map());
    const { buckets } = links.buckets(0);
    const { strong, nFaint } = strongLinks(links, buckets, 0)!;
    const sizes = links.values(0).map(Math.abs);
    const least = [...sizes].sort((a, b) => b - a)[499];
    sizes.forEach((size, i) => {
      if (size >= least) expect(strong[i]).toBe(1);
    });
    for (let j = 0; j < 64; j++) expect(strong.subarray(64 * j, 64 * (j + 1))).toContain(1);
    expect(nFaint).toBe(64 * 64 - strong.reduce((a, b) => a + b, 0));
    expect(nFaint).toBeLessThanOrEqual(64 * 64 - 500);
  });

  it("is one of more than 3 000 links: smaller ones stay as they are", async () => {
    const { links } = await scene();
    expect(strongLinks(links, links.buckets(0).buckets, 0)).toBeNull();
  });
});

describe("picking a link", () => {
  it("finds what a brute-force search over all points of all links finds", async () => {
    const { links, layout } = await scene();
    const ends = linkEnds(links, layout);
    const { buckets } = links.buckets(1);
    for (let i = 0; i < links.n; i += 7) {
      const [x0, y0, x1, y1] = ends.subarray(4 * i, 4 * i + 4);
      const [x, y] = [x0 + 0.37 * (x1 - x0), y0 + 0.37 * (y1 - y0)];
      const found = pickLink(ends, buckets, null, x, y);
      const [fx0, fy0, fx1, fy1] = ends.subarray(4 * found, 4 * found + 4);
      const t = (x - fx0) / (fx1 - fx0);
      expect(Math.abs(fy0 + t * (fy1 - fy0) - y)).toBeLessThan(6);
      if (found !== i) expect(buckets[found]).toBeGreaterThan(0);
    }
  });

  it("does not find hidden or dimmed links", async () => {
    const { links, layout } = await scene();
    const ends = linkEnds(links, layout);
    const [x0, y0, x1, y1] = ends.subarray(0, 4);
    const none = new Uint8Array(links.n);
    expect(pickLink(ends, none, null, (x0 + x1) / 2, (y0 + y1) / 2)).toBe(-1);
    expect(pickLink(ends, links.buckets(1).buckets, none, (x0 + x1) / 2, (y0 + y1) / 2)).toBe(-1);
  });
});
