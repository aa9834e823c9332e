import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Order, Picture, Plan } from "../../src/images/plan";
import { Studio } from "../../src/images/studio";
import type { Scope, ToWorker } from "../../src/images/worker";

const inPage: ToWorker[] = []; // what was asked of the page itself
vi.mock("../../src/images/worker?worker", () => ({
  default: (scope: Scope) => {
    scope.onmessage = ({ data }) => {
      inPage.push(data);
      if (data.type === "make") scope.postMessage({ type: "picture", ticket: data.ticket, picture: PICTURE });
    };
  },
}));

const PICTURE = { ms: 1, by: "a test", image: {} } as Picture;
const PLAN = {} as Plan;
const order = (k: number) => ({ k }) as Order;

/** A worker that does what a test tells it to. */
class FakeWorker {
  static all: FakeWorker[] = [];
  onmessage: (event: { data: unknown }) => void = () => undefined;
  onerror: () => void = () => undefined;
  heard: ToWorker[] = [];
  isStopped = false;
  constructor() {
    FakeWorker.all.push(this);
  }
  postMessage(message: ToWorker): void {
    this.heard.push(message);
  }
  terminate(): void {
    this.isStopped = true;
  }
  get orders() {
    return this.heard.filter((message) => message.type === "make");
  }
  get checkpoints(): number[] {
    return this.orders.map((message) => message.order.k);
  }
  /** Deliver its i-th order. */
  finish(i: number): void {
    const { ticket } = this.orders[i];
    this.onmessage({ data: { type: "picture", ticket, picture: { ...PICTURE, k: this.checkpoints[i] } } });
  }
}

/** A studio on a machine of so many cores with an open plan, and the checkpoints whose images have come. */
function studioOn(hardwareConcurrency: number) {
  vi.stubGlobal("navigator", { hardwareConcurrency });
  const studio = new Studio();
  const plan = studio.open(PLAN);
  const made: (number | undefined)[] = [];
  const make = (k: number, of = plan) =>
    studio.make(of, order(k), (picture) => made.push(picture ? (picture.k ?? k) : undefined));
  return { studio, plan, make, made };
}

beforeEach(() => {
  inPage.length = 0;
  FakeWorker.all = [];
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("OffscreenCanvas", class {});
  vi.stubGlobal("URL", { createObjectURL: () => "blob:", revokeObjectURL: () => undefined });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the workers of a page", () => {
  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [64, 2],
  ])("are, on %i cores, %i", (cores, n) => {
    const { make } = studioOn(cores);
    for (let k = 0; k < 9; k++) make(k);
    expect(FakeWorker.all.length).toBe(n);
  });

  it("start when they are needed: the second one when the first is busy", () => {
    const { studio, make, made } = studioOn(4);
    studio.warm();
    make(0);
    FakeWorker.all[0].finish(0);
    make(1);
    expect(FakeWorker.all.length).toBe(1);
    make(2);
    expect(FakeWorker.all.map((worker) => worker.checkpoints)).toEqual([[0, 1], [2]]);
    expect(made).toEqual([0]);
  });

  it("know every plan, and forget it, whenever they start", () => {
    const { studio, plan, make } = studioOn(4);
    make(0);
    const later = studio.open(PLAN);
    make(1, later);
    const opened = ({ heard }: FakeWorker) => heard.filter(({ type }) => type === "plan");
    for (const worker of FakeWorker.all) expect(opened(worker).length).toBe(2);
    studio.close(plan);
    for (const worker of FakeWorker.all) expect(worker.heard.at(-1)).toEqual({ type: "drop", plan });
  });

  it("are given work by how much they owe, and each picture reaches who ordered it", () => {
    const { make, made } = studioOn(4);
    for (const k of [0, 1, 2, 3]) make(k);
    const [first, second] = FakeWorker.all;
    expect([first.checkpoints, second.checkpoints]).toEqual([
      [0, 2],
      [1, 3],
    ]);
    second.finish(0);
    second.finish(1);
    make(4);
    expect(second.checkpoints).toEqual([1, 3, 4]);
    first.finish(0);
    expect(made).toEqual([1, 3, 0]);
  });

  it("owe nothing more of a plan that was closed, and what still comes of it is given back", () => {
    const { studio, plan, make, made } = studioOn(4);
    make(0);
    studio.close(plan);
    const close = vi.fn();
    const { ticket } = FakeWorker.all[0].orders[0];
    FakeWorker.all[0].onmessage({
      data: { type: "picture", ticket, picture: { ...PICTURE, image: { close } } },
    });
    expect(close).toHaveBeenCalledOnce();
    expect(made).toEqual([]);
    make(1, studio.open(PLAN));
    expect(FakeWorker.all.length).toBe(1); // the first one is free
  });

  it("hand over what they owe when they die: to each other, then to the page, once", () => {
    const { make, made } = studioOn(4);
    for (const k of [0, 1, 2, 3]) make(k);
    const [first, second] = FakeWorker.all;
    first.onerror();
    first.onerror();
    expect(first.isStopped).toBe(true);
    expect(second.checkpoints).toEqual([1, 3, 0, 2]);
    second.finish(0);
    first.finish(0); // was on its way
    second.finish(2); // and was made twice
    expect(made).toEqual([1, 0]);
    second.onerror();
    expect(made).toEqual([1, 0, 2, 3]);
    expect(FakeWorker.all.length).toBe(2); // no other was started
    make(4);
    expect(inPage.map(({ type }) => type)).toEqual(["plan", "make", "make", "make"]);
  });

  it("may be forbidden at once", () => {
    vi.stubGlobal(
      "Worker",
      class {
        constructor() {
          throw new Error("forbidden");
        }
      },
    );
    const { make, made } = studioOn(4);
    make(0);
    make(1);
    expect(made).toEqual([0, 1]);
  });

  it("stop when no plan has been open for half a minute, and start again", () => {
    vi.useFakeTimers();
    const { studio, plan, make, made } = studioOn(4);
    for (const k of [0, 1]) make(k);
    studio.close(plan);
    vi.advanceTimersByTime(31_000);
    expect(FakeWorker.all.every(({ isStopped }) => isStopped)).toBe(true);
    make(5, studio.open(PLAN));
    FakeWorker.all[2].finish(0);
    expect(made).toEqual([5]);
  });
});
