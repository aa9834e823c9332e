import { describe, expect, it } from "vitest";
import type { BlockEntry } from "../../src/blocks";
import { blocksOf, enlarged } from "../../src/extras/strips/geometry";
import { paint, scalingOf, tableOf, trackOf } from "../../src/extras/strips/paint";
import { MISSING, partsOf, stronger } from "../../src/extras/strips/parts";
import { rankedCheckpoints, strengths } from "../../src/extras/strips/ranked";
import { MOST_ROWS, type Rows, rowsOf } from "../../src/extras/strips/rows";
import { Samples } from "../../src/extras/strips/samples";
import { findIn } from "../../src/extras/strips/sheets";
import type { History } from "../../src/history";
import { isDrawable, type Layout, layoutNetwork, rightOf, sourcePoint } from "../../src/layout";
import type { Network } from "../../src/network";
import { DEFAULTS, type Options } from "../../src/options";
import { PALETTES, PAPERS, shade } from "../../src/scale";
import { Links } from "../../src/views/graph/links";
import { Striped, stripable } from "../../src/views/graph/striped";
import { zoomed } from "../../src/views/graph/zoom";
import { open } from "./history.fixture";
import { chain, lstmNetwork } from "./nets";

const looks = { width: 900, height: 480, unfolded: {}, order: new Map<string, Int32Array>() };

/** Random values of every parameter from checkpoint `start` to `stop`; `edit` may change one in place. */
function blocksOfAll(
  network: Network,
  [start, stop]: [number, number],
  edit: (name: string, k: number, values: Float32Array) => void = () => {},
): [BlockEntry, Uint8Array][] {
  return Object.entries(network.parameters).map(([name, dims]) => {
    const n = dims.reduce((a, b) => a * b, 1);
    const values = new Float32Array(n * (stop - start));
    for (let k = start; k < stop; k++) {
      const some = values.subarray((k - start) * n, (k - start + 1) * n);
      some.forEach((_, i) => {
        some[i] = Math.sin(12.9898 * (k + 1) + 78.233 * (i + 1) + name.length) * (1 + (i % 3));
      });
      edit(name, k, some);
    }
    const entry = { run: "run", quantity: "weights", name, dims, start, stop, part: null, offset: 0 };
    const coded = { dtype: "float32", scale: 1, coding: "raw", n_bytes: values.byteLength } as const;
    return [{ ...entry, ...coded }, new Uint8Array(values.buffer)];
  });
}

interface Standing {
  layout: Layout;
  links: Links;
  rows: Rows;
  samples: Samples;
  history: History;
}

/** The strips of a network as they stand on a stage of 900 by 480, all of their values read. */
function standing(network: Network, history: History, options: Partial<Options> = {}): Standing {
  const all = { ...DEFAULTS, ...options };
  const layout = new Striped().layout(network, looks, true);
  const links = new Links(network, history, all, (b) => isDrawable(layout, b), new Map());
  const rows = rowsOf(layout, links, strengths(links, rankedCheckpoints(seen(history))));
  const samples = new Samples(rows.all, history.nCheckpoints);
  samples.begin(history.nCheckpoints);
  const isPerCheckpoint = all.scale === "checkpoint";
  expect(samples.fill({ history, links, isPerCheckpoint }, 1e6)).toBe(true);
  return { layout, links, rows, samples, history };
}

const seen = (history: History) => ({
  nCheckpoints: history.nCheckpoints,
  isHere: (k: number) => history.isHere(k),
});

async function given(network: Network, n = 7, edit?: Parameters<typeof blocksOfAll>[2]): Promise<History> {
  const blocks = blocksOfAll(network, [0, n], edit);
  return (await open({ network, n, blocks, hasKernel: false })).history;
}

describe("what shares a pixel", () => {
  it.each([
    [1, 5],
    [4, 4],
    [7, 90],
    [90, 7],
    [1000, 81],
  ])("divides %i things among %i pixels without gap or overlap", (n, length) => {
    const parts = partsOf(n, length);
    expect(parts).toHaveLength(Math.min(n, length));
    expect([parts[0].first, parts[0].start]).toEqual([0, 0]);
    expect([parts.at(-1)!.last, parts.at(-1)!.stop]).toEqual([n, length]);
    for (const [i, part] of parts.entries()) {
      expect(part.last).toBeGreaterThan(part.first);
      expect(part.stop).toBeGreaterThan(part.start);
      if (i > 0) expect([part.first, part.start]).toEqual([parts[i - 1].last, parts[i - 1].stop]);
    }
  });

  it("shows the larger magnitude with its sign, NaN before all, and what was not recorded never", () => {
    expect(stronger(0.5, -0.6)).toBe(-0.6);
    expect(stronger(-0.6, 0.5)).toBe(-0.6);
    expect(stronger(0.5, MISSING)).toBe(0.5);
    expect(stronger(MISSING, 0.5)).toBe(0.5);
    expect(stronger(9, Number.NaN)).toBeNaN();
    expect(stronger(Number.NaN, 9)).toBeNaN();
    expect(stronger(Number.NaN, MISSING)).toBeNaN();
    expect(stronger(MISSING, MISSING)).toBe(MISSING);
  });
});

describe("which strips there are", () => {
  it("gives every gate of an LSTM its kernel, recurrent links and biases, as their sources stand", async () => {
    const network = lstmNetwork(3, 8);
    const { rows, layout } = standing(network, await given(network));
    expect(rows.units).toHaveLength(8);
    for (const { unit, gates } of rows.units) {
      expect(gates.map(({ port }) => port)).toEqual(["i", "f", "g", "o"]);
      for (const { port, rows: ofGate } of gates) {
        const links = ofGate.map((row) => rows.all[row]);
        expect(links.every((row) => row.target === unit && row.bundle.port === port)).toBe(true);
        expect(links.map(({ bundle, source }) => `${bundle.role} ${source}`)).toEqual([
          ...["input 0", "input 1", "input 2", "bias 0"],
          ...Array.from({ length: 8 }, (_, i) => `recurrent ${i}`),
        ]);
      }
    }
    expect(layout.places.get("lstm.h(t-1)")!.strips).toBeNull();
  });

  it("follows the order of the sources", async () => {
    const network = chain(["input", "fc"], [3, 2]);
    const history = await given(network);
    const order = new Map([["input", Int32Array.of(2, 0, 1)]]);
    const layout = layoutNetwork(network, { ...looks, order, strips: new Map([["fc", 80]]) });
    const links = new Links(network, history, DEFAULTS, (b) => isDrawable(layout, b), new Map());
    const { all, units } = rowsOf(layout, links, () => new Float32Array());
    const sources = units[1].gates[0].rows.map((row) => all[row]);
    expect(sources.map(({ bundle, source }) => `${bundle.role} ${source}`)).toEqual([
      ...["input 2", "input 0", "input 1", "bias 0"],
    ]);
  });

  it("keeps the strongest 64 links over the history, and the bias", async () => {
    const network = chain(["input", "fc"], [100, 3]);
    const history = await given(network, 9);
    const { rows } = standing(network, history);
    const weight = network.bundles.find(({ role }) => role === "input")!;
    for (const { unit, gates } of rows.units) {
      const strength = (i: number) => Math.max(...history.stored(weight, unit, i).map(Math.abs));
      const expected = [...Array(100).keys()]
        .sort((a, b) => strength(b) - strength(a))
        .slice(0, MOST_ROWS)
        .sort((a, b) => a - b);
      const found = gates[0].rows.map((row) => rows.all[row]);
      expect(found.filter(({ bundle }) => bundle === weight).map(({ source }) => source)).toEqual(expected);
      expect(found.filter(({ bundle }) => bundle.role === "bias")).toHaveLength(1);
      expect(gates[0].n).toBe(100);
    }
  });

  it("leaves out what the reader has switched off", async () => {
    const network = lstmNetwork(3, 4);
    const { rows } = standing(network, await given(network), { gates: ["f"], roles: ["recurrent"] });
    expect(rows.all.every(({ bundle }) => bundle.port === "f" && bundle.role === "recurrent")).toBe(true);
    expect(rows.all).toHaveLength(16);
  });

  it("has none beside inputs, previous time steps, gate bands, and units that stand too close", () => {
    const names = (network: Network) => stripable(network, layoutNetwork(network, looks));
    expect(names(chain(["input", "a", "b"], [4, 4, 4]))).toEqual(["a", "b"]);
    expect(names(lstmNetwork(3, 8))).toEqual(["lstm"]);
    expect(names(lstmNetwork(3, 24))).toEqual([]);
    expect(names(chain(["input", "a", "b"], [4, 300, 4]))).toEqual(["b"]);
  });
});

describe("what the strips show", () => {
  it.each(["weights", "update", "difference"] as const)(
    "has the stored %s of every link",
    async (quantity) => {
      const network = lstmNetwork(2, 4);
      const history = await given(network);
      const { rows, samples } = standing(network, history, { quantity, reference: 2 });
      history.show(quantity, 2);
      rows.all.forEach(({ bundle, target, source }, row) => {
        const stored = history.stored(bundle, target, source, quantity, 2);
        stored.forEach((value, k) => {
          const sample = samples.columns[k][row];
          if (quantity === "update" && k === 0) expect(sample).toBe(MISSING);
          else expect(sample).toBeCloseTo(value, 6);
        });
      });
    },
  );

  it("tells NaN and infinities from what was not recorded", async () => {
    const network = chain(["input", "fc"], [2, 2]);
    const blocks = blocksOfAll(network, [0, 5], (name, k, values) => {
      if (name === "fc.weight" && k === 1) values.set([Number.NaN, Number.NEGATIVE_INFINITY]);
    });
    const later = { network, n: 6, blocks, hasKernel: false };
    const { samples } = standing(network, (await open(later)).history);
    expect([...samples.columns[1].slice(0, 2)]).toEqual([Number.NaN, Number.NaN]);
    expect(samples.columns[1][2]).not.toBeNaN();
    expect([...samples.columns[5]]).toEqual(Array(6).fill(MISSING));
  });

  it("reads only what is new when the history grows", async () => {
    const network = chain(["input", "fc"], [3, 2]);
    const history = await given(network, 4);
    const { samples, links } = standing(network, history);
    const before = [...samples.columns];
    history.nCheckpoints = 6;
    const asked: number[] = [];
    const counted = {
      ...{ bundles: links.bundles, domain: () => 1, isSigned: () => true, isShown: () => true },
      evaluate: (_: unknown, k: number, out: Float32Array) => out.fill(k) && asked.push(k) > 0,
    };
    samples.begin(6);
    samples.fill(
      { history: { nCheckpoints: 6, isHere: (k) => k !== 4 }, links: counted, isPerCheckpoint: false },
      1e6,
    );
    expect(new Set(asked)).toEqual(new Set([5]));
    expect(samples.columns.slice(0, 4)).toEqual(before);
    expect([samples.columns[4][0], samples.columns[5][0]]).toEqual([MISSING, 5]);
    samples.begin(6);
    samples.fill(
      { history: { nCheckpoints: 6, isHere: () => true }, links: counted, isPerCheckpoint: false },
      1e6,
    );
    expect([samples.columns[4][0], samples.columns[5][0]]).toEqual([4, 5]);
  });

  it("keeps what was here once", async () => {
    const network = chain(["input", "fc"], [3, 2]);
    const history = await given(network, 4);
    const { samples, links } = standing(network, history);
    const before = [...samples.columns[2]];
    samples.begin(4);
    samples.fill({ history: { nCheckpoints: 4, isHere: () => false }, links, isPerCheckpoint: false }, 1e6);
    expect([...samples.columns[2]]).toEqual(before);
  });
});

const rgbOf = (pixel: number): number[] => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];

describe("the pixels of strips", () => {
  it.each(["light", "dark"] as const)(
    "are the links' colours on their domain, on %s paper",
    async (theme) => {
      const network = chain(["input", "fc"], [3, 2]);
      const { links, samples, rows } = standing(network, await given(network, 5));
      const [palette, paper] = [PALETTES[theme], PAPERS[theme]];
      const scaling = scalingOf(samples, links, false);
      const table = tableOf(palette, paper);
      const ofUnit = rows.units[0].gates[0].rows;
      const { pixels } = paint(samples, scaling, ofUnit, { width: 50, height: 3 * ofUnit.length, table });
      ofUnit.forEach((row, i) => {
        for (let k = 0; k < 5; k++) {
          const share = samples.columns[k][row] / links.domain(rows.all[row].bundle, 0);
          const expected = shade(palette, share, true, trackOf(palette, paper));
          const found = rgbOf(pixels[(3 * i + 1) * 50 + 10 * k + 5]);
          for (const c of [0, 1, 2]) expect(Math.abs(found[c] - expected[c])).toBeLessThanOrEqual(2);
        }
      });
    },
  );

  it("mark NaN, and leave out what was not recorded", async () => {
    const network = chain(["input", "fc"], [1, 1]);
    const odd = await given(network, 3, (_, k, values) => k === 1 && values.fill(Number.NaN));
    const { links, samples, rows } = standing(network, odd);
    samples.columns[2].fill(MISSING);
    const table = tableOf(PALETTES.light, PAPERS.light);
    const { pixels } = paint(samples, scalingOf(samples, links, false), rows.units[0].gates[0].rows, {
      ...{ width: 3, height: 2, table },
    });
    expect(rgbOf(pixels[1])).toEqual([...PALETTES.light.odd]);
    expect(pixels[2]).toBe(0);
    expect(pixels[0] >>> 24).toBe(255);
  });

  it("show the signed extreme of checkpoints and links that share them, and the pointer finds it", async () => {
    const network = chain(["input", "fc"], [60, 1]);
    const { links, samples, rows } = standing(network, await given(network, 100));
    const scaling = scalingOf(samples, links, false);
    const gate = rows.units[0].gates[0];
    const [width, height] = [20, 10];
    const table = tableOf(PALETTES.light, PAPERS.light);
    const { pixels } = paint(samples, scaling, gate.rows, { width, height, table });
    const look = { samples, scaling, table, ratio: 1 };
    const blocks = [{ gate, top: 30, height }];
    for (const [y, down] of partsOf(gate.rows.length, height).entries())
      for (const [x, across] of partsOf(100, width).entries()) {
        let best = { share: 0, row: -1, column: -1 };
        for (const row of gate.rows.slice(down.first, down.last))
          for (let column = across.first; column < across.last; column++) {
            const share = samples.columns[column][row] / scaling.domains[row];
            if (Math.abs(share) > Math.abs(best.share)) best = { share, row, column };
          }
        const [r, , b] = rgbOf(pixels[y * width + x]);
        expect(b > r).toBe(best.share > 0);
        const found = findIn(blocks, { x: 100, width }, look, [100.5 + x, 30.5 + y]);
        expect(found).toMatchObject({ row: best.row, column: best.column });
      }
  });

  it("are shares of each checkpoint's own domain where the scale is per checkpoint", async () => {
    const network = chain(["input", "fc"], [3, 1]);
    const { links, samples, rows } = standing(network, await given(network, 4), { scale: "checkpoint" });
    rows.all.forEach(({ bundle, entry }, row) => {
      for (let k = 0; k < 4; k++) {
        const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
        links.evaluate(bundle, k, values);
        expect(samples.columns[k][row]).toBeCloseTo(values[entry] / links.domain(bundle, k), 5);
      }
    });
    expect([...scalingOf(samples, links, true).domains]).toEqual(rows.all.map(() => 1));
  });
});

describe("where the strips stand", () => {
  const nets: [string, Network][] = [
    ["4 links", chain(["input", "a", "b"], [4, 6, 3])],
    ["64 links", chain(["input", "a", "b"], [64, 64, 64])],
    ["an LSTM", lstmNetwork(4, 8)],
  ];

  it.each(nets)("keeps those of %s apart from units, links and the next column", (_, network) => {
    const layout = new Striped().layout(network, looks, true);
    const places = [...layout.places.values()].filter(({ group }) => group.delayed_of === null);
    for (const place of places.filter(({ strips }) => strips)) {
      const { x, width } = place.strips!;
      expect(x).toBeGreaterThan(place.x + place.halfWidth);
      const [start] = sourcePoint(place, 0);
      expect(start).toBe(rightOf(place));
      expect(start).toBeGreaterThan(x + width);
      for (const other of places)
        if (other.group.column > place.group.column)
          expect(other.x - other.halfWidth).toBeGreaterThan(start + 30);
      expect(layout.width).toBeGreaterThan(start);
    }
  });

  it.each(nets)("stacks those of a unit in its own row, of %s", async (_, network) => {
    const { rows } = standing(network, await given(network, 2));
    for (const strips of rows.units) {
      const { place, unit, gates } = strips;
      const blocks = blocksOf(strips);
      expect(blocks.map(({ gate }) => gate)).toEqual(gates);
      const [top, last] = [blocks[0].top, blocks.at(-1)!];
      expect(top).toBeGreaterThan(place.unitY[unit] - place.spacing / 2);
      expect(last.top + last.height).toBeLessThan(place.unitY[unit] + place.spacing / 2);
      for (let i = 1; i < blocks.length; i++)
        expect(blocks[i].top).toBeGreaterThan(blocks[i - 1].top + blocks[i - 1].height);
    }
  });

  it.each(nets)("enlarges small ones legibly within the stage, of %s", async (_, network) => {
    const { rows, layout } = standing(network, await given(network, 2));
    for (const strips of rows.units) {
      const large = enlarged(strips, { top: layout.top - 14, height: 480 });
      const count = strips.gates.reduce((n, gate) => n + gate.rows.length, 0);
      const small = blocksOf(strips).reduce((sum, { height }) => sum + height, 0) / count;
      if (small >= 6) expect(large).toBeNull();
      else {
        const { box, blocks } = large!;
        expect(blocks.reduce((sum, { height }) => sum + height, 0) / count).toBeGreaterThan(4.9);
        expect(box.y).toBeGreaterThanOrEqual(layout.top - 14);
        expect(box.y + box.height).toBeLessThanOrEqual(480);
      }
    }
  });

  it("goes along with a zoom", () => {
    const layout = new Striped().layout(chain(["input", "a"], [4, 6]), looks, true);
    const { strips } = layout.places.get("a")!;
    const after = zoomed(layout, { k: 3, x: -50, y: 7 }).places.get("a")!.strips!;
    expect(after).toEqual({ x: 3 * strips!.x - 50, width: 3 * strips!.width });
  });

  it("asks for no room where it is off", () => {
    const network = chain(["input", "a", "b"], [4, 6, 3]);
    expect(new Striped().layout(network, looks, false)).toEqual(layoutNetwork(network, looks));
  });
});

describe("the checkpoints that links are ranked by", () => {
  it("are all of a short history and 64 of a long one, from first to last, and stay while it grows a little", () => {
    const of = (nCheckpoints: number) => rankedCheckpoints({ nCheckpoints, isHere: () => true });
    expect(of(5)).toEqual([0, 1, 2, 3, 4]);
    expect(of(64)).toHaveLength(64);
    const many = of(10_000);
    expect(many).toHaveLength(64);
    expect(new Set(many).size).toBe(64);
    expect(many[0]).toBe(0);
    expect(many.at(-1)!).toBeGreaterThan(8000);
    expect(of(10_100)).toEqual(many);
    expect(rankedCheckpoints({ nCheckpoints: 5, isHere: (k) => k > 2 })).toEqual([3, 4]);
  });
});
