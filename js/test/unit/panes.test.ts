import { describe, expect, it } from "vitest";
import { isBinned, panesOf, shapeWords, slicePixels } from "../../src/panel/panes";
import { range } from "./kernels.fixture";

describe("the entries behind a link are laid out", () => {
  it("as a heat map with its values inside if they are few", () => {
    expect(panesOf([3, 3])).toMatchObject({ slices: 1, rows: 3, columns: 3, written: "inside" });
  });

  it("as a strip with its values below if they are few, but too many in a row", () => {
    expect(panesOf([7])).toMatchObject({ slices: 1, rows: 1, columns: 7, written: "below" });
  });

  it("as pictures alone if they are many", () => {
    expect(panesOf([4, 4]).written).toBeNull();
    expect(panesOf([10]).written).toBeNull();
  });

  it("as a row of slices in three dimensions, and more", () => {
    expect(panesOf([3, 5, 4])).toMatchObject({ slices: 3, rows: 5, columns: 4, shown: 3 });
    expect(panesOf([2, 2, 5, 4])).toMatchObject({ slices: 4, rows: 5, columns: 4 });
    expect(panesOf([40, 3, 3])).toMatchObject({ slices: 40, shown: 12 });
  });

  it.each([[[3, 3]], [[5, 7]], [[11, 11]], [[40]], [[216]], [[3, 5, 5]], [[2, 2, 2]], [[4]]])(
    "on whole pixels, within the panel: %j",
    (rest) => {
      const panes = panesOf(rest);
      expect(panes.width % panes.columns).toBe(0);
      expect(panes.height % panes.rows).toBe(0);
      expect(panes.width * (panes.written === "inside" ? panes.slices : 1)).toBeLessThanOrEqual(216);
      expect(panes.height).toBeLessThanOrEqual(96);
      expect(isBinned(panes)).toBe(false);
    },
  );

  it("with the strongest where entries share a pixel, and NaN before all", () => {
    const panes = panesOf([400]);
    expect(isBinned(panes)).toBe(true);
    const values = range(400).map((i) => (i === 7 ? -900 : i === 200 ? Number.NaN : 1));
    const image = slicePixels(values, panes, 0);
    expect(image).toHaveLength(216);
    expect(image[Math.floor((7 * 216) / 400)]).toBe(-900);
    expect(image[Math.floor((200 * 216) / 400)]).toBeNaN();
  });

  it("row by row, slice by slice", () => {
    expect([...slicePixels(range(24), panesOf([2, 3, 4]), 1)]).toEqual(range(24).slice(12));
  });

  it("in words", () => {
    expect(shapeWords([3, 3], null)).toBe("3 × 3 kernel");
    expect(shapeWords([5], null)).toBe("5 entries");
    expect(shapeWords([12], "time step")).toBe("12 time steps");
  });
});
