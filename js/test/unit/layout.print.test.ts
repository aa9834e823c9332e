// What print has, and this: the same places, from the same networks (nnweightviz/layout.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Bands } from "../../src/bands";
import { type Network, readNetwork } from "../../src/network";
import { type Exhibit, portrayed } from "../../src/portraits";
import { Striped } from "../../src/views/graph/striped";

interface Printed {
  network: Parameters<typeof readNetwork>[0];
  looks: {
    width: number;
    height: number;
    unfolded: Record<string, string | boolean>;
    is_striped?: boolean;
    pictured?: string[]; // groups whose units are pictures of their outputs
  };
  layout: {
    width: number;
    lane_top: number | null;
    max_line_width: number;
    ticked: string[];
    places: Record<
      string,
      {
        form: string;
        port: string | null;
        numbers: number[];
        unit_y: (number | null)[];
        tiles: number[][];
        pictures: number[][];
        strips?: number[];
        outputs?: number[];
      }
    >;
  };
  exhibits?: Record<string, number[]>; // the units of a layer of portraits, strongest first
  order?: Record<string, number[]>;
  bands?: { most: number; open: Record<string, number>; bundles: unknown[][] };
}

const file = new URL("../../../tests/fixtures/layouts.json", import.meta.url);
const fixture: Record<string, Printed> = JSON.parse(readFileSync(file, "utf8"));
const close = (values: ArrayLike<number>, expected: (number | null)[]) => {
  expect(values.length).toBe(expected.length);
  for (const [i, value] of Array.from(values).entries())
    if (expected[i] === null) expect(value).toBeNaN();
    else expect(value).toBeCloseTo(expected[i], 2);
};

function exhibited(network: Network, ranked: Record<string, number[]>): Map<string, Exhibit> {
  const all = [...portrayed(network)].filter(([group]) => group in ranked);
  return new Map(
    all.map(([group, about]) => [
      group,
      { ...about, ranked: Int32Array.from(ranked[group]), idle: new Map() },
    ]),
  );
}

describe.each(Object.entries(fixture))("a diagram in print: %s", (_, printed) => {
  const { layout, exhibits, bands } = printed;
  const { is_striped, pictured, ...stage } = printed.looks;
  const whole = readNetwork(printed.network);
  const folding = { most: bands?.most ?? Number.POSITIVE_INFINITY, open: bands?.open ?? {}, clusters: null };
  const { network } = new Bands(whole, { ...folding, keeps: () => false });
  const shown = exhibited(network, exhibits ?? {});
  const order = new Map(
    Object.entries(printed.order ?? {}).map(([group, units]) => [group, Int32Array.from(units)]),
  );
  const looks = { ...stage, order, exhibits: shown, pictured: new Set(pictured) };
  const own = new Striped().layout(network, looks, is_striped ?? false);

  it("folds the same units into the same bands", () => {
    if (!bands) return expect(network).toBe(whole);
    const views = network.bundles.map((b) => [b.id, b.source, b.target, b.shape.slice(0, 2), b.reduce]);
    expect(views).toEqual(bands.bundles);
  });

  it("is as wide, with lines as wide", () => {
    close(
      [own.width, own.laneTop ?? -1, own.maxLineWidth],
      [layout.width, layout.lane_top ?? -1, layout.max_line_width],
    );
    expect([...own.ticked.keys()].sort()).toEqual(layout.ticked);
  });

  it("has everything at the same place", () => {
    expect([...own.places.keys()].sort()).toEqual(Object.keys(layout.places).sort());
    for (const [id, place] of own.places) {
      const printed = layout.places[id];
      expect([place.form, place.port]).toEqual([printed.form, printed.port]);
      const { x, top, height, spacing, radius, halfWidth } = place;
      close([x, top, height, spacing, radius, halfWidth], printed.numbers);
      close(place.unitY, printed.unit_y);
      expect(place.tiles.length).toBe(printed.tiles.length);
      for (const [i, tile] of place.tiles.entries())
        close([tile.x, tile.y, tile.width, tile.height], printed.tiles[i]);
      expect(place.pictures.length).toBe(printed.pictures.length);
      for (const [i, { unit, x, y, width, height }] of place.pictures.entries())
        close([unit, x, y, width, height], printed.pictures[i]);
      close(place.strips ? [place.strips.x, place.strips.width] : [], printed.strips ?? []);
      close(place.outputs ? [place.outputs.width, place.outputs.height] : [], printed.outputs ?? []);
    }
  });
});
