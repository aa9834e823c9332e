// What a probe found, from the bytes that Python reads too: values, ranges, dead units, and pictures pixel by pixel.
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { Outputs } from "../../src/extras/outputs";
import { dotsOf, drawHeat, heatColours, inksOf, nearestDot, type Plot, placeOf } from "../../src/extras/plot";
import { UnitPicture } from "../../src/extras/unit";
import type { OutputsIndex } from "../../src/outputs";

const fixture = JSON.parse(
  readFileSync(new URL("../../../tests/fixtures/outputs.json", import.meta.url), "utf8"),
);
const parts = [Buffer.from(fixture.part, "base64")];
const numbers = (name: string): number[] => fixture.values[name].map(Number);
const open = (change: Partial<OutputsIndex> = {}) =>
  Outputs.open({ index: { ...fixture.index, ...change }, parts });

let outputs: Outputs;
beforeAll(async () => {
  outputs = await open();
});

const plotOf = (width: number, height: number): Plot => ({
  width,
  height,
  pixels: new Uint32Array(width * height),
});
const brushes = () => {
  const inks = inksOf("light");
  return { inks, heat: heatColours(inks), dot: 1 };
};

describe("what a probe found", () => {
  it("is at the checkpoints that the probe was run at", () => {
    expect([0, 1, 2, 3, 4, 5].map((k) => outputs.rowOf(k))).toEqual([0, -1, 1, -1, 2, -1]);
  });

  it("has the values that Python reads from the same bytes", () => {
    for (const [group, name] of [
      ["rnn", "outputs rnn"],
      ["dense", "outputs dense"],
      ["out", "prediction out"],
    ]) {
      const all = numbers(name);
      const n = all.length / 3;
      for (let row = 0; row < 3; row++)
        expect([...outputs.values(group, row)].map((v) => Math.fround(v))).toEqual(
          all.slice(row * n, (row + 1) * n).map((v) => Math.fround(v)),
        );
    }
  });

  it("has targets and names of items", () => {
    expect([0, 1, 2, 3, 4].map((item) => outputs.target(item))).toEqual(numbers("targets *"));
    expect(outputs.itemWords(2)).toBe("training item 8");
    expect(outputs.itemWords(3)).toBe("test item 2");
    expect(outputs.byTarget()).toEqual([1, 3, 0, 4, 2]);
  });

  it("tells dead units, which put out 0 for every item, and saturated ones", () => {
    const dead = [0, 1, 2].map((row) => [0, 1, 2].map((unit) => outputs.isDead("dense", unit, row)));
    expect(dead).toEqual([
      [false, false, false],
      [false, true, false],
      [false, true, false],
    ]);
    expect(outputs.isDead("dense", 1, -1)).toBe(false);
    expect(outputs.saturated("rnn", 1, 1)).toBeCloseTo(0.75, 3);
    expect(outputs.saturated("dense", 0, 0)).toBeNaN();
  });

  it("has one range a group over all checkpoints, with 0 in it, and one of each unit", () => {
    const values = numbers("outputs rnn");
    const ofUnit = values.filter((_, i) => i % 2 === 1);
    const [low, high] = outputs.range("rnn", null);
    expect(low).toBeCloseTo(Math.min(0, ...values), 6);
    expect(high).toBeCloseTo(Math.max(0, ...values), 6);
    const [low1, high1] = outputs.range("rnn", 1);
    expect([low1, high1].map((v) => v.toFixed(5))).toEqual(
      [Math.min(...ofUnit), Math.max(...ofUnit)].map((v) => v.toFixed(5)),
    );
  });

  it("predicts on a range that holds all targets, so that what is right lies on a straight line", () => {
    const [low, high] = outputs.range("out", 0);
    expect(low).toBeLessThanOrEqual(-1);
    expect(high).toBeGreaterThanOrEqual(2);
  });

  it("has a score of each split, NaN where there was none", () => {
    expect(outputs.score("loss", 2)).toEqual([
      ["train", Number.NaN],
      ["test", 1.25],
    ]);
    expect(outputs.score("accuracy", 0)).toEqual([]);
  });

  it("draws sequences as heat maps, others over targets, and the last layer as predictions", () => {
    expect(["rnn", "dense", "out"].map((group) => outputs.kindOf(group))).toEqual([
      "heat",
      "scatter",
      "prediction",
    ]);
  });
});

interface Printed {
  task: "regression" | "classes";
  theme: "light" | "dark";
  is_normalised: boolean;
  group: string;
  unit: number;
  kind: string;
  x: number[];
  y: number[];
  pixels: string[];
}

describe.each(fixture.pictures as Printed[])("in print, $task: unit $unit of $group", (printed) => {
  const { task, theme, is_normalised, group, unit, kind } = printed;

  it("is the same picture on the same ranges (nnweightviz/plots/walls.py)", async () => {
    const picture = new UnitPicture(await open({ task }), group, unit, is_normalised);
    expect(picture.kind).toBe(kind);
    for (const end of [0, 1]) {
      expect(picture.x[end]).toBeCloseTo(printed.x[end], 6);
      expect(picture.y[end]).toBeCloseTo(printed.y[end], 6);
    }
    const inks = inksOf(theme);
    for (const [row, expected] of printed.pixels.entries()) {
      const plot = plotOf(20, 16);
      picture.draw(plot, row, { inks, heat: heatColours(inks), dot: 2 });
      const found = [...plot.pixels].flatMap((pixel) => [0, 8, 16].map((shift) => (pixel >>> shift) & 255));
      expect(found).toEqual([...Buffer.from(expected, "base64")]);
    }
  });
});

describe("a heat map", () => {
  const colours = heatColours(inksOf("light"));
  const blue = (pixel: number) => (pixel >> 16) & 255;
  const red = (pixel: number) => pixel & 255;

  it("has items as rows and positions as columns; positive is blue, negative red", () => {
    const sheet = {
      values: Float32Array.of(1, -1, 0, Number.NaN),
      nRows: 2,
      nPositions: 2,
      nUnits: 1,
      unit: 0,
    };
    const plot = plotOf(2, 2);
    drawHeat(plot, sheet, 1, colours);
    const [positive, negative, zero, odd] = plot.pixels;
    expect(blue(positive)).toBeGreaterThan(red(positive));
    expect(red(negative)).toBeGreaterThan(blue(negative));
    expect(zero).toBe(0xffffffff);
    expect([red(odd), blue(odd)]).toEqual([181, 158]);
  });

  it("shows in a pixel the mean of the items that share it", () => {
    const mean = (...values: number[]) => {
      const plot = plotOf(1, 1);
      const shape = { nRows: values.length, nPositions: 1, nUnits: 1, unit: 0 };
      drawHeat(plot, { values: Float32Array.from(values), ...shape }, 1, colours);
      return plot.pixels[0];
    };
    expect(mean(1, 0)).toBe(mean(0.5, 0.5));
    expect(mean(1, -1)).toBe(0xffffffff);
  });

  it("says which item and position a point is of, and where an item's row is", () => {
    const picture = new UnitPicture(outputs, "rnn", 1, false);
    const rows = fixture.index.groups.rnn.rows as number[];
    const size = { width: 40, height: 50 };
    expect(picture.at(size, 0, 35, 25, 2)).toEqual({ item: rows[2], position: 3 });
    expect(picture.at(size, 0, 0, 0, 2)).toEqual({ item: rows[0], position: 0 });
    expect(picture.placeOf(size, 0, rows[2], 2)).toEqual({ x: 0, y: 20, height: 10 });
    const value = numbers("outputs rnn")[(2 * 4 + 3) * 2 + 1];
    const [words] = picture.words(0, rows[2], 3).split(" at ");
    expect(words).toContain("training item 1: target 0.5, output ≈ ");
    expect(Number(words.split("≈ ")[1].replace("−", "-"))).toBeCloseTo(value, 3);
    expect(picture.words(0, rows[2], 3)).toContain("at time step 4");
  });
});

describe("dots over targets", () => {
  it("lie where the target and the output are, and are found there", () => {
    const picture = new UnitPicture(outputs, "out", 0, false);
    const size = { width: 101, height: 101 };
    const predicted = numbers("prediction out").slice(5, 10);
    const targets = numbers("targets *");
    const [low, high] = picture.y;
    for (let item = 0; item < 5; item++) {
      const place = picture.placeOf(size, 1, item, 2)!;
      expect(place.x).toBeCloseTo(1 + ((targets[item] + 1) / 3) * 99, 3);
      expect(place.y).toBeCloseTo(100 - ((predicted[item] - low) / (high - low)) * 99, 3);
      expect(picture.at(size, 1, place.x, place.y, 2).item).toBe(item);
    }
    expect(picture.at(size, 1, -60, -60, 2).item).toBe(-1);
    expect(picture.words(1, 2, 0)).toMatch(/^training item 8: target 2, prediction /);
  });

  it("are in the hue of their split, and in that of odd values where one is NaN", () => {
    const { inks, ...rest } = brushes();
    const plot = plotOf(60, 60);
    new UnitPicture(outputs, "dense", 2, false).draw(plot, 2, { inks, ...rest, dot: 2 });
    const has = ([r, g, b]: readonly number[]) =>
      plot.pixels.some((pixel) => {
        const near = (value: number, of: number) => Math.abs(value - (of * 0.75 + 255 * 0.25)) < 2;
        return near(pixel & 255, r) && near((pixel >> 8) & 255, g) && near((pixel >> 16) & 255, b);
      });
    expect([has(inks.palette.unsigned), has(inks.test), has(inks.palette.odd)]).toEqual([true, true, true]);
  });

  it("of a class lie beside each other, each always at one place", async () => {
    const classes = await open({ task: "classes" });
    const sheet = { values: classes.values("dense", 0), nUnits: 3, unit: 0 };
    const dots = dotsOf(classes, sheet, { x: [-0.5, 1.5], y: [0, 1] }, () => 1);
    const shares = [...dots.x];
    expect(new Set(shares).size).toBe(5);
    for (const share of shares) expect(Math.abs(share * 2 - 0.5 - 1)).toBeLessThan(0.36);
    expect([...dotsOf(classes, sheet, { x: [-0.5, 1.5], y: [0, 1] }, () => 1).x]).toEqual(shares);
  });

  it("that are nearest to a point are found, but only within reach", () => {
    const dots = { x: Float32Array.of(0, 0.5, 1), y: Float32Array.of(0, 0.5, 1) };
    const size = { width: 100, height: 100 };
    expect(placeOf(dots, 1, size, 1)).toEqual([50, 50]);
    expect(nearestDot(dots, size, 53, 50, 1)).toBe(1);
    expect(nearestDot(dots, size, 70, 50, 1)).toBe(-1);
  });

  it("are over the number of their item where there are no targets", async () => {
    const blocks = fixture.index.blocks.filter((entry: { quantity: string }) => entry.quantity !== "targets");
    const without = await open({ blocks, task: null, prediction: null });
    expect(without.targetWords()).toBe("item");
    expect(without.targetRange()).toEqual([1, 5]);
  });
});

describe("normalised pictures", () => {
  it("have the range of their own unit", () => {
    const [together, alone] = [false, true].map((own) => new UnitPicture(outputs, "dense", 0, own));
    expect(together.y).toEqual(outputs.range("dense", null));
    expect(alone.y).toEqual(outputs.range("dense", 0));
    expect(alone.y).not.toEqual(together.y);
  });
});
