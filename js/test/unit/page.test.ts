import { describe, expect, it } from "vitest";
import type { Bundle, Network } from "../../src/network";
import { plainGroup } from "../../src/network";
import { addressOf, isMoment, type Moment, meantBy, momentIn, type There } from "../../src/page/address";
import { beside } from "../../src/page/linked";
import { pinched } from "../../src/page/touch";

const layer = (name: string) => ({ name, kind: "Linear", activation: null, modifiers: [], note: null });
const network = {
  name: "net",
  layers: [layer("encoder.fc1"), layer("out")],
  groups: [plainGroup("h(t-1) & more", "encoder.fc1", 4), plainGroup("out", "out", 2)],
  bundles: [{ id: "w", shape: [2, 4] } as Bundle],
  parameters: { "out.weight": [2, 4] },
} as unknown as Network;
const run = (name: string, steps: (number | null)[] | null, nCheckpoints = steps?.length ?? 0) => ({
  name,
  nCheckpoints,
  steps,
});
const there: There = {
  views: ["graph", "matrix"],
  network,
  runs: [run("adam", [0, 100, null, 300]), run("sgd", null, 2)],
};
const at = (hash: string) => momentIn(new URLSearchParams(hash), there);

describe("an address", () => {
  it.each<[string, Moment]>([
    ["checkpoint=3&view=matrix", { checkpoint: 3, view: "matrix" }],
    ["step=100", { checkpoint: 1 }],
    ["step=299", { checkpoint: 1 }],
    ["step=5000", { checkpoint: 3 }],
    ["run=sgd&checkpoint=1", { run: "sgd", checkpoint: 1 }],
    ["group=out&unit=1", { selection: { group: "out", unit: 1 } }],
    ["bundle=w&target=1&source=3", { selection: { bundle: "w", target: 1, source: 3 } }],
    ["parameter=out.weight&index=1,2", { selection: { parameter: "out.weight", index: [1, 2] } }],
    ["block=encoder", { selection: { block: "encoder" } }],
    ["selection=none", { selection: null }],
    ["widget=0&embed&theme=dark&checkpoint=0", { checkpoint: 0 }],
  ])("%s leads to a moment", (hash, moment) => {
    expect(at(hash)).toEqual(moment);
  });

  it.each([
    ["checkpoint=4", "checkpoint “4”", "0 to 3"],
    ["checkpoint=-1", "checkpoint “-1”", "0 to 3"],
    ["checkpoint=1.5", "checkpoint “1.5”", "0 to 3"],
    ["checkpoint=", "checkpoint “”", "0 to 3"],
    ["run=sgd&checkpoint=2", "checkpoint “2”", "0 to 1"],
    ["step=-5", "step “-5”", "0 to 300"],
    ["run=sgd&step=1", "step “1”", "none"],
    ["view=<b>", "view “<b>”", "graph, matrix"],
    ["run=lion", "run “lion”", "adam, sgd"],
    ["group=out&unit=2", "unit “2”", "0 to 1"],
    ["group=out", "unit “”", "0 to 1"],
    ["group=constructor&unit=0", "group “constructor”", "out"],
    ["bundle=w&target=2&source=0", "target “2”", "0 to 1"],
    ["parameter=out.weight&index=1", "index “1”", "2 × 4"],
    ["parameter=out.weight&index=1,9", "index “9”", "0 to 3"],
    ["parameter=__proto__&index=1", "parameter “__proto__”", "out.weight"],
    ["block=fc1", "block “fc1”", "encoder, encoder.fc1, out"],
    ["selection=all", "selection “all”", "none"],
    ["chekpoint=3", "something called “chekpoint”", "checkpoint"],
    ["%E0%A4%A=3", "something called", "checkpoint"],
  ])("%s makes no sense, which is said in a sentence", (hash, given, accepted) => {
    const said = at(hash) as string;
    expect(said).toContain(given);
    expect(said).toContain(accepted);
  });

  it.each<Moment>([
    { checkpoint: 3, view: "graph" },
    { checkpoint: 0, view: "matrix", run: "adam", selection: { group: "h(t-1) & more", unit: 2 } },
    { checkpoint: 1, view: "matrix", selection: { bundle: "w", target: 1, source: 0 } },
    { checkpoint: 1, view: "matrix", selection: { parameter: "out.weight", index: [0, 3] } },
    { checkpoint: 1, view: "matrix", selection: null },
  ])("is read as it was written: %o", (moment) => {
    expect(at(addressOf(moment, 1))).toEqual(moment);
    expect(addressOf(moment, 1)).toMatch(/^widget=1&checkpoint=\d&view=/);
    expect(addressOf(moment, null)).not.toContain("widget");
  });

  it("of the page as a whole says nothing of a moment", () => {
    expect(isMoment(new URLSearchParams("embed&theme=dark"))).toBe(false);
    expect(isMoment(new URLSearchParams(""))).toBe(false);
    expect(isMoment(new URLSearchParams("embed&step=3"))).toBe(true);
  });

  it("means the first diagram, or one by number or title", () => {
    const titles = ["a", "b", "0"];
    const meant = (hash: string) => meantBy(new URLSearchParams(hash), titles);
    expect(meant("widget=1")).toBe(1);
    expect(meant("widget=b")).toBe(1);
    expect(meant("widget=c")).toBe(-1);
    expect(meant("widget=01")).toBe(-1);
    expect(meantBy(new URLSearchParams("checkpoint=1"), ["a", "b"])).toBe(0);
  });
});

describe("one playhead", () => {
  const every100 = run("a", [0, 100, 200, 300]);
  const every150 = run("b", [0, 150, 300]);
  it("stands at the latest checkpoint of another history that is not later", () => {
    expect([0, 1, 2, 3].map((k) => beside(every100, k, every150, true))).toEqual([0, 0, 1, 2]);
    expect([0, 1, 2].map((k) => beside(every150, k, every100, true))).toEqual([0, 1, 3]);
    expect(beside(every150, 0, run("c", [50, 60]), true)).toBe(0);
  });
  it("stands at the same number where steps do not link, within what is there", () => {
    expect([0, 1, 2, 3].map((k) => beside(every100, k, every150, false))).toEqual([0, 1, 2, 2]);
    expect(beside(run("c", null, 4), 2, every150, true)).toBe(2);
  });
});

describe("two fingers", () => {
  const point = (x: number, y: number) => ({ x, y });
  it("zoom by how far they have parted, about their middle", () => {
    const apart = pinched([point(0, 0), point(30, 40)], [point(0, 0), point(60, 80)]);
    expect(apart).toEqual({ factor: 2, x: 30, y: 40 });
  });
  it("on one spot zoom by a finite factor", () => {
    expect(pinched([point(5, 5), point(5, 5)], [point(5, 5), point(5, 5)]).factor).toBe(1);
  });
});
