// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { awayRanges } from "../../src/panel/away";
import { buildTimeline, timelineStage } from "./timeline.fixture";

const controller = timelineStage();

const shade = () => document.querySelector(".nwv-away")?.getAttribute("d") ?? null;

describe("what is still with the kernel", () => {
  it("is told in unbroken ranges", () => {
    expect(awayRanges(8, (k) => [2, 3, 7].includes(k))).toEqual([
      [0, 1],
      [4, 6],
    ]);
    expect(awayRanges(3, () => true)).toEqual([]);
    expect(awayRanges(3)).toEqual([]);
  });

  it("is shaded on the timeline, from half-way to what is here", () => {
    buildTimeline(controller().signal, { isHere: (k) => k < 10 || k > 20 });
    const [from, to] = [54 + (9.5 / 30) * 600, 54 + (20.5 / 30) * 600];
    expect(
      shade()!
        .match(/[MH][\d.]+/g)!
        .map((text) => Number(text.slice(1))),
    ).toEqual([expect.closeTo(from, 3), expect.closeTo(to, 3)]);
  });

  it("reaches to the ends, and is gone when everything has come", () => {
    let isHere = (k: number): boolean => k === 15;
    const { timeline } = buildTimeline(controller().signal, { isHere: (k) => isHere(k) });
    expect(shade()!.match(/[MH]\d+/g)).toEqual(["M54", "H344", "M364", "H654"]);
    isHere = () => true;
    timeline.update();
    expect(shade()).toBeNull();
  });
});
