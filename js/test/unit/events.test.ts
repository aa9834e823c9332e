// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventEntry, EventIndex } from "../../src/events";
import { Found } from "../../src/extras/events/found";
import { EventList } from "../../src/extras/events/list";
import { drawTicks, ticksOf, tickText } from "../../src/extras/events/ticks";
import type { History } from "../../src/history";
import type { HostModel } from "../../src/host";
import { prepare, type Scene, sceneOf } from "../../src/panel/scene";
import { network } from "./history.fixture";
import { run } from "./timeline.fixture";

const happened = (checkpoint: number, about: Partial<EventEntry> = {}): EventEntry => ({
  kind: "sign flip",
  checkpoint,
  sentence: `something at ${checkpoint}`,
  where: { group: "fc", unit: checkpoint },
  layer: "fc",
  metric: null,
  ...about,
});
const indexOf = (events: EventEntry[], about: Partial<EventIndex> = {}): EventIndex => ({
  revision: 0,
  n_checkpoints: 31,
  events,
  n_left_out: {},
  rules: { "sign flip": "a weight is on the other side of zero" },
  ...about,
});

/** A scene of 31 checkpoints, 20 pixels apart. */
const scene = (): Scene => {
  const prepared = prepare(run, "index");
  const looks = { x: "index", y: "linear", metrics: null } as const;
  return sceneOf(prepared, looks, prepared.axis.full, { left: 0, right: 600, top: 18, bottom: 80 });
};

describe("ticks", () => {
  it("stand at their checkpoints, one for all that happened there", () => {
    const ticks = ticksOf([happened(3), happened(3), happened(10)], scene());
    expect(ticks.map(({ from, to, events }) => [from, to, events.length])).toEqual([
      [60, 60, 2],
      [200, 200, 1],
    ]);
  });

  it("are one where they would touch, but none grows over all", () => {
    const narrow = { ...scene(), x: (x: number) => 3 * x };
    const ticks = ticksOf(
      Array.from({ length: 31 }, (_, k) => happened(k)),
      narrow,
    );
    expect(ticks.flatMap(({ events }) => events).length).toBe(31);
    expect(ticks.length).toBe(3);
    for (const { from, to } of ticks) expect(to - from).toBeLessThanOrEqual(40);
  });

  it("are those within the zoom", () => {
    const zoomed = { ...scene(), span: [5, 12] as [number, number] };
    expect(ticksOf([happened(3), happened(10)], zoomed).map(({ events }) => events[0].checkpoint)).toEqual([
      10,
    ]);
  });

  it("say the first sentences after their moments, and how many more there are", () => {
    const events = [3, 3, 3, 3, 3].map((k, i) => happened(k, { sentence: `sentence ${i}` }));
    expect(tickText({ events, from: 0, to: 0 }, scene()).split("\n")).toEqual([
      expect.stringMatching(/^epoch 3 .*: sentence 0$/),
      "sentence 1",
      "sentence 2",
      "and 2 more",
    ]);
  });

  it("bear their number, tell on hover and jump on a click, and the curve below hears nothing of it", () => {
    const [say, jump, below] = [vi.fn(), vi.fn(), vi.fn()];
    const first = happened(3);
    const [tick, single] = drawTicks([first, happened(3), happened(10)], scene(), say, jump);
    const host = document.createElement("div");
    for (const type of ["pointerdown", "pointermove", "click"]) host.addEventListener(type, below);
    host.append(tick, single);
    expect([tick, single].map((each) => each.textContent)).toEqual(["2", ""]);
    for (const type of ["pointermove", "pointerdown", "click"])
      tick.dispatchEvent(new PointerEvent(type, { bubbles: true }));
    expect(say).toHaveBeenLastCalledWith(60, expect.stringContaining("something at 3"));
    expect(jump.mock.calls).toEqual([[first]]);
    tick.dispatchEvent(new PointerEvent("pointerleave"));
    expect(say).toHaveBeenLastCalledWith(null, "");
    expect(below).not.toHaveBeenCalled();
  });
});

/** A history and its kernel, as far as events know them. */
function kernel(nCheckpoints = 31, hasKernel = true, events: EventIndex | null = null) {
  const history = { nCheckpoints, hasKernel, revision: 0, network } as unknown as History;
  let hear: (message: unknown) => void = () => {};
  const send = vi.fn();
  const model = {
    get: () => ({ events }),
    on: (_: string, callback: typeof hear) => {
      hear = callback;
    },
    send,
  } as unknown as HostModel;
  const found = new Found(model, history);
  const answer = (index: EventIndex) => hear({ type: "events", id: send.mock.lastCall![0].id, ...index });
  return { found, history, send, answer, hear: (message: unknown) => hear(message) };
}

describe("what is found", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is asked for once", () => {
    const { found, send, answer } = kernel();
    found.want();
    found.want(true);
    expect(send.mock.calls).toEqual([[{ type: "events", id: "v0" }]]);
    answer(indexOf([happened(3)]));
    found.want(true);
    expect(send).toHaveBeenCalledTimes(1);
    expect(found.entries.map(({ checkpoint }) => checkpoint)).toEqual([3]);
  });

  it("is asked for by itself only if that is quick, else when the reader asks", () => {
    const { found, send } = kernel(1_000_000);
    found.want();
    expect(send).not.toHaveBeenCalled();
    found.want(true);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it("is asked for again when the history has grown, after a rest", () => {
    const { found, history, send, answer } = kernel();
    found.want();
    answer(indexOf([]));
    history.nCheckpoints = 40;
    found.want();
    found.want();
    expect(send).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(6000);
    expect(send).toHaveBeenCalledTimes(2);
  });

  it("is of the checkpoints that there are: answers about others, and states, are left alone", () => {
    const { found, history, answer, hear } = kernel();
    found.want();
    history.revision = 1;
    answer(indexOf([happened(3)]));
    expect(found.index).toBeNull();
    hear({ type: "reset", index: { events: indexOf([happened(2)], { revision: 1 }) } });
    expect(found.entries.map(({ checkpoint }) => checkpoint)).toEqual([2]);
    hear({ type: "reset", index: { events: null } });
    expect(found.index).toBeNull();
    expect(kernel(31, true, indexOf([happened(3)], { revision: 7 })).found.index).toBeNull();
  });

  it("may go wrong, and be asked for again", () => {
    const { found, send, hear } = kernel();
    found.want();
    hear({ type: "error", id: "w3", message: "something else" });
    expect([found.error, found.isLooking]).toEqual([null, true]);
    hear({ type: "error", id: "v0", message: "the disk is gone" });
    expect([found.error, found.isLooking]).toEqual(["the disk is gone", false]);
    found.want();
    vi.advanceTimersByTime(60_000);
    expect(send).toHaveBeenCalledTimes(1);
    found.want(true);
    expect([send.mock.calls.length, found.error]).toEqual([2, null]);
  });

  it("is what the page has, where there is no kernel", () => {
    const { found, send } = kernel(31, false, indexOf([happened(3)]));
    found.want(true);
    expect(send).not.toHaveBeenCalled();
    expect([found.isPossible, found.entries.length]).toEqual([true, 1]);
    expect(kernel(31, false).found.isPossible).toBe(false);
    expect(kernel(1).found.isPossible).toBe(false);
  });
});

describe("the list", () => {
  const EVENTS = [
    happened(2, { sentence: "a" }),
    happened(2, { sentence: "b", kind: "grows", layer: "out" }),
    happened(9, { sentence: "<img src=x onerror=alert(1)>" }),
    happened(20, { sentence: "d", kind: "turning point", layer: null, metric: "loss" }),
  ];
  const build = (index: EventIndex | null = indexOf(EVENTS), at = 0) => {
    const { found, history, answer } = kernel(31, true, index);
    const host = document.createElement("div");
    document.body.replaceChildren(host);
    const [jump, close] = [vi.fn(), vi.fn()];
    const moments = { nCheckpoints: 31, steps: run.steps, epochs: null };
    const list = new EventList(host, { found, moments, checkpoint: () => at, jump, close });
    const rows = () => [...host.querySelectorAll<HTMLButtonElement>("ol button")];
    const text = () => rows().map((row) => row.lastElementChild!.textContent);
    const choose = (label: string, value: string) => {
      const select = host.querySelector<HTMLSelectElement>(`select[aria-label="${label}"]`)!;
      select.value = value;
      select.dispatchEvent(new Event("change"));
    };
    const status = () => host.querySelector("[role=status]")!.textContent;
    const now = () => host.querySelector("[aria-current] > span")?.textContent;
    const press = (key: string) =>
      document.activeElement!.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
      );
    return { host, found, history, answer, jump, list, rows, text, choose, status, now, press };
  };

  it("tells all in the order of the run, as text, each kind with a sign that has a name", () => {
    const { text, status, rows, host } = build();
    expect(text()).toEqual(["a", "b", "<img src=x onerror=alert(1)>", "d"]);
    expect(host.querySelector("img")).toBeNull();
    expect(status()).toBe("4 of 4 shown");
    expect(rows().map((row) => row.firstElementChild!.getAttribute("aria-label"))).toEqual([
      "sign flip",
      "grows",
      "sign flip",
      "turning point",
    ]);
  });

  it("is narrowed by kind, and by layer or metric", () => {
    const { text, status, choose } = build();
    choose("Kind of event", "sign flip");
    expect([text().length, status()]).toEqual([2, "2 of 4 shown"]);
    choose("Layer or metric", "out");
    expect([text(), status()]).toEqual([[], "0 of 4 shown"]);
    choose("Kind of event", "");
    expect(text()).toEqual(["b"]);
    choose("Layer or metric", "loss");
    expect(text()).toEqual(["d"]);
  });

  it("keeps what was chosen when more is found", () => {
    const { text, choose, found, history, answer, list } = build();
    choose("Kind of event", "grows");
    history.nCheckpoints = 40;
    found.want(true);
    answer(indexOf([...EVENTS, happened(35, { kind: "grows", sentence: "e" })], { n_checkpoints: 40 }));
    list.update();
    expect(text()).toEqual(["b", "e"]);
  });

  it("marks what happened at the playhead, or last before it", () => {
    const { now, list } = build();
    expect(now()).toBeUndefined();
    const marked = [2, 8, 9, 30].map((k) => {
      list.move(k);
      return now();
    });
    expect(marked.map((label) => label!.replace(/\D/g, ""))).toEqual(["940", "940", "4230", "9400"]);
  });

  it("jumps by click, and is walked by arrows with one stop for Tab", () => {
    const { rows, jump, press } = build();
    rows()[2].click();
    expect(jump).toHaveBeenCalledWith(EVENTS[2]);
    rows()[0].focus();
    const at = (key: string) => {
      press(key);
      return rows().indexOf(document.activeElement as HTMLButtonElement);
    };
    expect(["ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown", "Home"].map(at)).toEqual([
      1, 2, 1, 3, 3, 0,
    ]);
    expect(rows().map((row) => row.tabIndex)).toEqual([0, -1, -1, -1]);
  });

  it("says what was looked for where nothing was found", () => {
    const { status, host } = build(indexOf([]));
    expect(status()).toBe("no events found");
    expect(host.querySelector("details")!.open).toBe(true);
    expect(host.querySelector("dd")!.textContent).toBe("a weight is on the other side of zero");
  });

  it("says what it lacks", () => {
    const { host } = build(indexOf(EVENTS, { n_left_out: { "sign flip": 260 }, n_checkpoints: 20 }));
    const { textContent } = host.querySelector("p")!;
    expect(textContent).toContain("260 smaller ones are not");
    expect(textContent).toContain("of the first 20 of 31 checkpoints");
  });

  it("says that it is looking", () => {
    const { host, found, list } = build(null);
    found.want(true);
    list.update();
    expect(host.querySelector("p")!.textContent).toBe("looking for events in 31 checkpoints …");
  });
});
