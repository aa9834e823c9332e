// What print has, and this: the same history strips, in the same colours, from the same bytes (nnweightviz/plots/strips.py).
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { BlockEntry } from "../../src/blocks";
import { blocksOf } from "../../src/extras/strips/geometry";
import { paint, scalingOf, tableOf } from "../../src/extras/strips/paint";
import { partsOf } from "../../src/extras/strips/parts";
import { rankedCheckpoints, strengths } from "../../src/extras/strips/ranked";
import { MOST_ROWS, type Rows, rowsOf } from "../../src/extras/strips/rows";
import { Samples } from "../../src/extras/strips/samples";
import { sharing } from "../../src/extras/strips/sheets";
import { stripWords } from "../../src/extras/strips/words";
import { isDrawable, type Layout } from "../../src/layout";
import { readNetwork } from "../../src/network";
import { DEFAULTS, type Options } from "../../src/options";
import { PALETTES, PAPERS } from "../../src/scale";
import { Links } from "../../src/views/graph/links";
import { Striped } from "../../src/views/graph/striped";
import { open } from "./history.fixture";

interface Printed {
  network: Parameters<typeof readNetwork>[0];
  options: Partial<Options>;
  n_checkpoints: number;
  blocks: [BlockEntry, string][];
  units: {
    group: string;
    unit: number;
    port: string | null;
    n: number;
    rows: [bundle: number, source: number][];
    span: [top: number, height: number];
    shape: [rows: number, columns: number];
    colours: string; // RGBA
  }[];
  words: string;
}

const file = new URL("../../../tests/fixtures/strips.json", import.meta.url);
const fixture: Record<string, Printed> = JSON.parse(readFileSync(file, "utf8"));
const theme = "light";
const rgbaOf = (pixel: number): number[] => [0, 8, 16, 24].map((shift) => (pixel >>> shift) & 255);

describe.each(Object.entries(fixture))("history strips in print: %s", (_, printed) => {
  const network = readNetwork(printed.network);
  const options = { ...DEFAULTS, ...printed.options };
  const n = printed.n_checkpoints;
  const looks = { width: 900, height: 480, unfolded: {}, order: new Map<string, Int32Array>() };
  const isPerCheckpoint = options.scale === "checkpoint";
  let [layout, links, rows, samples] = [] as unknown as [Layout, Links, Rows, Samples];

  beforeAll(async () => {
    const blocks = printed.blocks.map(([entry, data]): [BlockEntry, Uint8Array] => [
      entry,
      Buffer.from(data, "base64"),
    ]);
    const { history } = await open({ network, n, blocks, hasKernel: false });
    history.show(options.quantity, options.reference);
    layout = new Striped().layout(network, looks, true);
    links = new Links(network, history, options, (b) => isDrawable(layout, b), new Map());
    const ranked = rankedCheckpoints({ nCheckpoints: n, isHere: (k) => history.isHere(k) });
    rows = rowsOf(layout, links, strengths(links, ranked));
    samples = new Samples(rows.all, n);
    samples.begin(n);
    samples.fill({ history, links, isPerCheckpoint }, 1e6);
  });

  it("has the same links at the same places", () => {
    const own = rows.units.flatMap((strips) =>
      blocksOf(strips).map(({ gate, top, height }) => ({ strips, gate, top, height })),
    );
    expect(own.length).toBe(printed.units.length);
    for (const [i, { strips, gate, top, height }] of own.entries()) {
      const expected = printed.units[i];
      const links = gate.rows.map((row) => rows.all[row]);
      expect(links.map(({ bundle, source }) => [network.bundles.indexOf(bundle), source])).toEqual(
        expected.rows,
      );
      const { group, unit, port, n } = expected;
      expect([strips.place.group.id, strips.unit, gate.port, gate.n]).toEqual([group, unit, port, n]);
      expect(top).toBeCloseTo(expected.span[0], 2);
      expect(height).toBeCloseTo(expected.span[1], 2);
    }
  });

  it("has them in the same colours, the strongest where some share a pixel", () => {
    const table = tableOf(PALETTES[theme], PAPERS[theme]);
    const scaling = scalingOf(samples, links, isPerCheckpoint);
    const own = rows.units.flatMap((strips) => blocksOf(strips).map((block) => ({ strips, block })));
    for (const [i, { strips, block }] of own.entries()) {
      const { x, width: wide } = strips.place.strips!;
      const width = Math.round(x + wide) - Math.round(x);
      const height = Math.max(1, Math.round(block.top + block.height) - Math.round(block.top));
      const { pixels } = paint(samples, scaling, block.gate.rows, { width, height, table });
      const down = partsOf(block.gate.rows.length, height);
      const across = partsOf(n, width);
      const { shape, colours } = printed.units[i];
      expect([down.length, across.length]).toEqual(shape);
      const expected = Buffer.from(colours, "base64");
      down.forEach((row, r) => {
        across.forEach((column, c) => {
          const found = rgbaOf(pixels[row.start * width + column.start]);
          const wanted = [...expected.subarray(4 * (r * across.length + c), 4 * (r * across.length + c) + 4)];
          expect(found[3]).toBe(wanted[3]);
          if (wanted[3] > 0) expect(found).toEqual(wanted);
        });
      });
    }
  });

  it("is told in the same words, but for what a reader can do", () => {
    const look = { samples, scaling: scalingOf(samples, links, isPerCheckpoint) };
    const looked = { ...look, table: tableOf(PALETTES[theme], PAPERS[theme]), ratio: 1 };
    const shared = rows.units.flatMap((strips) =>
      blocksOf(strips).map((block) => sharing(block, strips.place.strips!, looked)),
    );
    const isCrowded = rows.units.some(({ gates }) => gates.some((gate) => gate.n > MOST_ROWS));
    const ranked = rankedCheckpoints({ nCheckpoints: n, isHere: () => true });
    const words = stripWords(network, layout, rows, {
      hasSharedRows: shared.some(([rows]) => rows),
      hasSharedColumns: shared.some(([, columns]) => columns),
      nRanked: isCrowded ? ranked.length : n,
      nCheckpoints: n,
    });
    expect(words.replace("; select a unit to enlarge its strips", "")).toBe(printed.words);
  });
});
