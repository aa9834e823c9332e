import { describe, expect, it, vi } from "vitest";
import type { Order, Picture, Plan } from "../../src/images/plan";
import type { Studio } from "../../src/images/studio";
import { PALETTES, PAPERS } from "../../src/scale";
import { Painter } from "../../src/views/graph/painter";

const N = 200; // checkpoints
const MEGABYTE = 1e6;

/** A painter of pictures that are there as soon as they are ordered, each of which knows whether it was given back. */
function painting(width: number, height: number, ratio: number, nSteps = 0) {
  const given = new Set<number>();
  let nMade = 0;
  const studio = {
    open: () => 0,
    frame: () => undefined,
    close: () => undefined,
    make: (_: number, { k }: Order, done: (picture: Picture | null) => void) => {
      given.add(k);
      nMade++;
      done({ k, image: { close: () => given.delete(k) }, sums: null } as unknown as Picture);
    },
  } as unknown as Studio;
  const looks = {
    width,
    height,
    ratio,
    palette: PALETTES.light,
    paper: PAPERS.light,
    composite: "strongest",
  };
  const painter = new Painter(
    looks as unknown as Plan,
    studio,
    function* (k) {
      for (let step = 0; step < nSteps; step++) yield;
      return { k } as Order;
    },
    () => undefined,
  );
  return { painter, given, nMade: () => nMade };
}

describe("the pictures of a scene", () => {
  it.each([
    [900, 600, 1],
    [1400, 900, 2],
    [1400, 900, 3],
  ])("take at most 96 MB, or are four, of %i x %i pixels at ratio %i", (width, height, ratio) => {
    const { painter, given } = painting(width, height, ratio);
    for (let k = 0; k < N; k++) painter.want([k]);
    const bytes = 4 * width * height * ratio ** 2;
    expect(given.size).toBeGreaterThanOrEqual(4);
    expect(given.size === 4 || given.size * bytes <= 96 * MEGABYTE).toBe(true);
    expect((given.size + 1) * bytes).toBeGreaterThan(96 * MEGABYTE); // as many as there is room for
    expect(painter.isDone(N - 1)).toBe(true);
    expect(painter.isDone(0)).toBe(false);
  });

  it("are made anew when they are wanted again, and once as long as they are there", () => {
    const { painter, nMade } = painting(900, 600, 1);
    for (const k of [0, 0, 1, 0]) painter.want([k]);
    expect(nMade()).toBe(2);
    for (let k = 0; k < N; k++) painter.want([k]);
    painter.want([0]);
    expect(nMade()).toBe(N + 1);
  });

  it("of many links are prepared a step a frame, but the first one at once", () => {
    const frames: FrameRequestCallback[] = [];
    vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
    const { painter } = painting(900, 600, 1, 3);
    painter.want([0]);
    expect(painter.isDone(0)).toBe(true);
    painter.want([1]);
    for (let step = 0; step < 3; step++) {
      expect(painter.isDone(1)).toBe(false);
      frames.shift()!(0);
    }
    expect(painter.isDone(1)).toBe(true);
    vi.unstubAllGlobals();
  });

  it("are all given back when the scene goes", () => {
    const { painter, given } = painting(900, 600, 1);
    for (let k = 0; k < 10; k++) painter.want([k]);
    expect(given.size).toBe(10);
    painter.close();
    expect(given.size).toBe(0);
  });
});
