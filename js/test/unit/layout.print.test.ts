// What print has, and this: the same places, from the same networks (nnweightviz/layout.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { layoutNetwork } from "../../src/layout";
import { readNetwork } from "../../src/network";

interface Printed {
  network: Parameters<typeof readNetwork>[0];
  looks: { width: number; height: number; unfolded: Record<string, string | boolean> };
  layout: {
    width: number;
    lane_top: number | null;
    max_line_width: number;
    ticked: string[];
    places: Record<
      string,
      { form: string; port: string | null; numbers: number[]; unit_y: number[]; tiles: number[][] }
    >;
  };
}

const file = new URL("../../../tests/fixtures/layouts.json", import.meta.url);
const fixture: Record<string, Printed> = JSON.parse(readFileSync(file, "utf8"));
const close = (values: ArrayLike<number>, expected: number[]) => {
  expect(values.length).toBe(expected.length);
  for (const [i, value] of Array.from(values).entries()) expect(value).toBeCloseTo(expected[i], 2);
};

describe.each(Object.entries(fixture))("a diagram in print: %s", (_, { network, looks, layout }) => {
  const own = layoutNetwork(readNetwork(network), { ...looks, order: new Map() });

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
    }
  });
});
