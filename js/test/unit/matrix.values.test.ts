// The numbers of the matrix at a checkpoint, their domains, and what is said while they are still with the kernel.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sheetFor } from "../../src/extras/matrix/sheet";
import { Tallies } from "../../src/extras/matrix/tallies";
import { wholeOf } from "../../src/extras/matrix/tiles";
import { Values } from "../../src/extras/matrix/values";
import { matrixCaption, matrixSummary, type Shown } from "../../src/extras/matrix/words";
import { DEFAULTS, type Options } from "../../src/options";
import { domainOf } from "../../src/scale";
import type { ViewContext } from "../../src/views/context";
import { block, type Given, NAME, network, open } from "./history.fixture";

async function standing(given: Given, options: Partial<Options> = {}) {
  const opened = await open(given);
  const all = { ...DEFAULTS, ...options };
  const model = { on: () => {}, off: () => {} };
  const { signal } = new AbortController();
  const own = { network, history: opened.history, options: () => all, model, signal };
  const context = own as unknown as ViewContext;
  opened.history.show(all.quantity, all.reference);
  const sheet = sheetFor(network, [NAME], null)!;
  return { ...opened, context, sheet, values: new Values(context, () => {}) };
}

const shown = (of: Partial<Shown> & Pick<Shown, "sheet">): Shown => ({
  k: 0,
  isHere: true,
  isRough: false,
  isTiled: false,
  counts: null,
  shared: [1, 1],
  codes: null,
  images: null,
  ...of,
});

describe("values of a sheet", () => {
  it("are those of the parameter, or their change", async () => {
    const { sheet, values } = await standing({ n: 4, blocks: [block(0, 4, (k) => k * k)] });
    expect([...values.read(sheet.pieces[0], 3, wholeOf(sheet.pieces[0]))!.data]).toEqual([9, 9, 9, 9]);
    const update = await standing({ n: 4, blocks: [block(0, 4, (k) => k * k)] }, { quantity: "update" });
    const [piece] = update.sheet.pieces;
    expect([...update.values.read(piece, 3, wholeOf(piece))!.data]).toEqual([5, 5, 5, 5]);
    expect([...update.values.read(piece, 2, wholeOf(piece))!.data]).toEqual([3, 3, 3, 3]);
    expect(update.values.read(piece, 0, wholeOf(piece))).toBeNull();
  });

  it("have the domain of the graph, of all checkpoints that are here or of one", async () => {
    const blocks = [block(0, 4, (k) => k * k)];
    const all = await standing({ n: 4, blocks });
    const each = Float32Array.from({ length: 16 }, (_, i) => Math.floor(i / 4) ** 2);
    expect(all.values.domain(all.sheet.pieces[0], 1)).toEqual({
      label: "lstm biases",
      domain: domainOf([each]),
    });
    const one = await standing({ n: 4, blocks }, { scale: "checkpoint" });
    expect(one.values.domain(one.sheet.pieces[0], 2).domain).toBe(4);
  });

  it("that are still with the kernel are said to be", async () => {
    const { context, sheet, values, history } = await standing({
      n: 6,
      window: 2,
      blocks: [block(0, 2, (k) => k)],
    });
    history.want([NAME]);
    expect(values.read(sheet.pieces[0], 5, wholeOf(sheet.pieces[0]))).toBeNull();
    const words = matrixCaption(context, shown({ sheet, k: 5, isHere: false }));
    expect(words).toContain("checkpoint 6 is still with the kernel");
    expect(words).not.toContain("not recorded");
    expect(words).toContain("of 6 checkpoints are here");
    expect(matrixSummary(context, shown({ sheet, k: 5, isHere: false }))).toContain("still with the kernel");
  });
});

describe("counts", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("of a large sheet are made when the playhead rests, and said to be", async () => {
    vi.useRealTimers();
    const { context, sheet, values } = await standing({ n: 2, blocks: [block(0, 2, (k) => k)] });
    vi.useFakeTimers();
    let nTold = 0;
    const tallies = new Tallies(values, () => nTold++);
    expect(tallies.at(sheet, 1)?.[0]?.strongest).toEqual([0, 0]);
    const large = { ...sheet, nRows: 2000, nColumns: 2000 };
    tallies.forget();
    expect(tallies.at(large, 0)).toBeNull();
    expect(matrixCaption(context, shown({ sheet }))).toContain("counted at rest");
    expect(tallies.at(large, 1)).toBeNull(); // the playhead went on
    vi.advanceTimersByTime(1000);
    expect(nTold).toBe(1);
    expect(tallies.at(large, 1)).not.toBeNull();
    expect(matrixCaption(context, shown({ sheet, counts: tallies.at(large, 1) }))).toContain(
      "0 beyond the domain",
    );
  });
});
