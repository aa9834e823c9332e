import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Player, playerOf } from "../../src/player";

type Listener = () => void;

/** A widget model in memory that tells of changes as the hosts' models do, and counts what it sends. */
class FakeModel {
  traits: Record<string, unknown> = { checkpoint: 0, playing: false, speed: 10, loop: false };
  sent: unknown[] = [];
  #listeners = new Map<string, Listener[]>();
  get(name: string): unknown {
    return this.traits[name];
  }
  set(name: string, value: unknown): void {
    if (this.traits[name] === value) return;
    this.traits[name] = value;
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }
  save_changes(): void {
    this.sent.push(this.traits.checkpoint);
  }
  on(event: string, callback: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), callback]);
  }
  off(): void {
    this.#listeners.clear();
  }
}

const FRAME_MS = 20;

/** A player whose frames and time the test moves. */
function setUp(nCheckpoints: number, traits: Record<string, unknown> = {}, prefersReducedMotion = false) {
  const model = new FakeModel();
  Object.assign(model.traits, traits);
  let pending: ((time: number) => void) | null = null;
  const clock = {
    now: () => Date.now(),
    frame: (callback: (time: number) => void) => {
      expect(pending).toBeNull();
      pending = callback;
      return 1;
    },
    cancelFrame: () => {
      pending = null;
    },
    prefersReducedMotion: () => prefersReducedMotion,
  };
  const player = new Player(model, clock);
  player.nCheckpoints = nCheckpoints;
  const listener = vi.fn();
  const unsubscribe = player.subscribe(listener);
  const run = (frames: number, each = FRAME_MS) => {
    for (let i = 0; i < frames && pending; i++) {
      vi.advanceTimersByTime(each);
      const callback = pending;
      pending = null;
      callback(Date.now());
    }
  };
  return { model, player, listener, run, unsubscribe, isIdle: () => pending === null };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(1_000_000);
});
afterEach(() => {
  vi.useRealTimers();
});

describe("playing", () => {
  it("goes forward at the given speed, between checkpoints too", () => {
    const { player, model, run } = setUp(31);
    player.play();
    run(13); // the first frame only starts the clock
    expect(player.position).toBeCloseTo(2.4);
    expect(player.checkpoint).toBe(2);
    expect(model.traits.checkpoint).toBe(2);
  });

  it("asks for no frames at rest", () => {
    const { player, isIdle } = setUp(31);
    expect(isIdle()).toBe(true);
    player.play();
    expect(isIdle()).toBe(false);
    player.pause();
    expect(isIdle()).toBe(true);
  });

  it("asks for no frames without displays, and goes on when one comes back", () => {
    const { player, unsubscribe, isIdle } = setUp(31, { playing: true });
    expect(isIdle()).toBe(false);
    unsubscribe();
    expect(isIdle()).toBe(true);
    player.subscribe(() => {});
    expect(isIdle()).toBe(false);
  });

  it("stops at the last checkpoint, and starts over from there", () => {
    const { player, model, run, isIdle } = setUp(4);
    player.play();
    run(100);
    expect([player.position, player.playing, isIdle()]).toEqual([3, false, true]);
    expect(model.sent.at(-1)).toBe(3);
    player.play();
    expect(player.position).toBe(0);
  });

  it("holds the last checkpoint as long as the others before a loop", () => {
    const { player, run } = setUp(4, { loop: true });
    player.play();
    run(1 + 17);
    expect(player.position).toBe(3);
    expect(player.checkpoint).toBe(3);
    run(4);
    expect(player.position).toBeCloseTo(0.2);
  });

  it("skips checkpoints above the frame rate instead of lagging", () => {
    const { player, run } = setUp(1000, { speed: 200 });
    player.play();
    run(11);
    expect(player.checkpoint).toBe(40);
  });

  it("does not jump after the tab was hidden", () => {
    const { player, run } = setUp(1000);
    player.play();
    run(2);
    run(1, 60_000);
    expect(player.position).toBeLessThanOrEqual(0.2 + 2.5);
  });

  it("does nothing with a single checkpoint", () => {
    const { player, isIdle } = setUp(1);
    player.play();
    expect(player.playing).toBe(false);
    expect(isIdle()).toBe(true);
  });

  it("rests on an integer when paused half way", () => {
    const { player, run } = setUp(31);
    player.play();
    run(13);
    player.pause();
    expect(player.position).toBe(2);
  });
});

describe("easing", () => {
  it("moves in whole steps if motion is to be reduced", () => {
    const { player, listener, run } = setUp(31, {}, true);
    player.play();
    listener.mockClear();
    run(13);
    expect(player.position).toBe(2);
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it("moves in whole steps if switched off", () => {
    const { player, run } = setUp(31);
    player.easing = false;
    player.play();
    run(13);
    expect(player.position).toBe(2);
  });
});

describe("waiting", () => {
  it("holds before a checkpoint that is not ready, and resumes", () => {
    const { player, run } = setUp(31);
    let n = 3;
    player.isReady = (k) => k < n;
    player.play();
    run(60);
    expect([player.position, player.waiting, player.playing]).toEqual([2, true, true]);
    n = 31;
    run(6);
    expect(player.waiting).toBe(false);
    expect(player.position).toBeCloseTo(3.2);
  });

  it("says so at rest too, and tells when the data have come", () => {
    const { player, listener } = setUp(31);
    let isHere = false;
    player.isReady = (k) => k < 5 || isHere;
    player.seek(20);
    expect(player.waiting).toBe(true);
    listener.mockClear();
    isHere = true;
    player.refresh();
    expect(player.waiting).toBe(false);
    expect(listener).toHaveBeenCalledOnce();
  });
});

describe("telling the kernel", () => {
  it("happens at most four times a second while playing", () => {
    const { player, model, run } = setUp(1000, { speed: 50 });
    player.play();
    model.sent = [];
    run(100); // two seconds
    expect(model.sent.length).toBeGreaterThanOrEqual(7);
    expect(model.sent.length).toBeLessThanOrEqual(9);
  });

  it("happens at once on pause", () => {
    const { player, model, run } = setUp(1000, { speed: 50 });
    player.play();
    run(30);
    player.pause();
    expect(model.sent.at(-1)).toBe(player.checkpoint);
  });

  it("happens at once on a seek, and at the end of a drag", () => {
    const { player, model } = setUp(1000);
    player.seek(5);
    expect(model.sent).toEqual([5]);
    for (let k = 6; k < 40; k++) player.seek(k);
    expect(model.sent).toEqual([5]);
    vi.advanceTimersByTime(300);
    expect(model.sent).toEqual([5, 39]);
    vi.advanceTimersByTime(5000);
    expect(model.sent).toEqual([5, 39]);
  });

  it("happens once for a step that pauses", () => {
    const { player, model, run } = setUp(1000);
    player.step(1);
    expect(model.sent).toEqual([1]);
    player.play();
    run(3);
    player.step(-1);
    expect([player.checkpoint, player.playing, model.sent.at(-1)]).toEqual([0, false, 0]);
  });
});

describe("following others", () => {
  it("takes over checkpoint, playing, speed and loop, and sends only its own steps", () => {
    const { player, model, listener, run } = setUp(31);
    model.set("checkpoint", 12);
    expect(player.position).toBe(12);
    expect(listener).toHaveBeenCalledOnce();
    model.set("playing", true);
    run(7);
    expect(player.position).toBeCloseTo(13.2);
    expect(model.sent).toEqual([13]);
    model.set("speed", 20);
    run(5);
    expect(player.position).toBeCloseTo(15.2);
    model.set("loop", true);
    expect(player.loop).toBe(true);
  });

  it("goes on playing from where it was put", () => {
    const { player, model, run } = setUp(31);
    player.play();
    run(13);
    model.set("checkpoint", 20);
    run(2);
    expect(player.position).toBeCloseTo(20.4);
  });

  it("waits with a checkpoint that the history does not have yet", () => {
    const { player, model } = setUp(3);
    model.set("checkpoint", 5);
    expect(player.checkpoint).toBe(2);
    player.nCheckpoints = 6;
    expect(player.checkpoint).toBe(5);
    expect(model.traits.checkpoint).toBe(5);
  });

  it("does not run in circles when two players are linked", () => {
    const a = setUp(31);
    const b = setUp(31);
    a.model.on("change:checkpoint", () => b.model.set("checkpoint", a.model.get("checkpoint")));
    b.model.on("change:checkpoint", () => a.model.set("checkpoint", b.model.get("checkpoint")));
    a.player.seek(7);
    expect(b.player.checkpoint).toBe(7);
    b.player.seek(9);
    expect(a.player.checkpoint).toBe(9);
    expect([a.model.sent, b.model.sent]).toEqual([[7], [9]]);
  });
});

describe("the controls", () => {
  it("clamps a seek to the history and rounds it", () => {
    const { player } = setUp(31);
    player.seek(99);
    expect(player.checkpoint).toBe(30);
    player.seek(-4);
    expect(player.checkpoint).toBe(0);
    player.seek(2.6);
    expect(player.checkpoint).toBe(3);
    player.seek(Number.NaN);
    expect(player.checkpoint).toBe(3);
  });

  it("knows first, last and toggle", () => {
    const { player } = setUp(31);
    player.last();
    expect(player.checkpoint).toBe(30);
    player.first();
    expect(player.checkpoint).toBe(0);
    player.toggle();
    expect(player.playing).toBe(true);
    player.toggle();
    expect(player.playing).toBe(false);
  });

  it("keeps the speed within its range", () => {
    const { player, model } = setUp(31);
    player.speed = 1e6;
    expect(model.traits.speed).toBe(240);
    player.speed = 0;
    expect(model.traits.speed).toBe(0.1);
    model.set("speed", Number.NaN);
    expect(player.speed).toBe(4);
  });

  it("are one set for all displays of a model", () => {
    const model = new FakeModel();
    expect(playerOf(model)).toBe(playerOf(model));
    expect(playerOf(new FakeModel())).not.toBe(playerOf(model));
  });
});
