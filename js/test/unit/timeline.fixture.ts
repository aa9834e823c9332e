// A timeline on a fake model, for tests in happy-dom.
import { afterEach, beforeEach, vi } from "vitest";
import type { HostModel } from "../../src/host";
import { createTimeline, type TimelineData, type TimelineLooks } from "../../src/panel/timeline";
import { Player } from "../../src/player";

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const THIN = "\u2009";
export const WIDTH = 696; // 600 for the plot itself, between margins of 54 and 42

/** For every test of a file: an empty page as wide as `WIDTH`, and a controller that aborts after it. */
export function timelineStage(): () => AbortController {
  let controller: AbortController;
  beforeEach(() => {
    controller = new AbortController();
    vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(WIDTH);
  });
  afterEach(() => {
    controller.abort();
    document.body.replaceChildren();
    vi.restoreAllMocks();
  });
  return () => controller;
}

function fakeModel(): HostModel {
  const traits: Record<string, unknown> = { checkpoint: 0, playing: false, speed: 8, loop: false };
  const listeners: Record<string, (() => void)[]> = {};
  return {
    get: (name) => traits[name],
    set(name, value) {
      if (traits[name] === value) return;
      traits[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    save_changes() {},
    on(event, callback) {
      listeners[event] = [...(listeners[event] ?? []), callback];
    },
    off() {},
  };
}

export const steps = range(31).map((k) => k * 470);
export const run: TimelineData = {
  nCheckpoints: 31,
  steps,
  epochs: range(31),
  metrics: [
    { name: "loss", x: steps, y: steps.map((_, k) => 2 / (k + 1)) },
    { name: "val_loss", x: steps.filter((_, k) => k !== 12), y: range(30).map((k) => 3 / (k + 1)) },
    { name: "<img src=x onerror=alert(1)>", x: steps, y: steps.map((_, k) => k / 31) },
  ],
  updateSizes: null,
};

/** A timeline in the page, with a player whose frames the test moves. */
export function buildTimeline(
  signal: AbortSignal,
  given: Partial<TimelineData> = {},
  look: Partial<TimelineLooks> = {},
) {
  const data = { ...run, ...given };
  const looks: TimelineLooks = { x: "step", y: "linear", metrics: null, ...look };
  const host = document.createElement("div");
  document.body.append(host);
  let pending: ((time: number) => void) | null = null;
  const player = new Player(fakeModel(), {
    frame: (callback) => {
      pending = callback;
      return 1;
    },
    cancelFrame: () => {
      pending = null;
    },
    now: () => 0,
    prefersReducedMotion: () => false,
  });
  player.nCheckpoints = data.nCheckpoints;
  const read = vi.fn(() => data);
  const set = vi.fn((change: Partial<TimelineLooks>) => {
    Object.assign(looks, change);
    timeline.update();
  });
  const timeline = createTimeline(host, player, read, { get: () => looks, set }, signal);
  const find = <E extends Element = HTMLElement>(selector: string) => host.querySelector<E>(selector)!;
  const slider = find(".nwv-slider");
  const press = (key: string, target: Element = slider) => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
    return event;
  };
  const point = (type: string, x: number) =>
    slider.dispatchEvent(new PointerEvent(type, { clientX: 54 + x, button: 0, pointerId: 1, bubbles: true }));
  const frame = (time: number) => {
    const callback = pending;
    pending = null;
    callback?.(time);
  };
  const label = () => find(".nwv-moment-label").textContent;
  const button = (name: string) => find<HTMLButtonElement>(`button[aria-label="${name}"]`);
  return { data, looks, host, player, read, set, timeline, slider, find, press, point, frame, label, button };
}
