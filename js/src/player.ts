// The clock: which checkpoint is shown, and playing through them. One per widget model, shared by its displays.
// Knows the model's traits and time; nothing of drawing.
import type { HostModel } from "./host";

/** Where time comes from; handed in by tests. */
export interface Clock {
  now(): number;
  frame(callback: (time: number) => void): number;
  cancelFrame(id: number): void;
  prefersReducedMotion(): boolean;
}

export const SPEEDS = { min: 0.1, max: 240, initial: 4 };
const SAVE_INTERVAL_MS = 250;
const LONGEST_FRAME_MS = 250; // a tab that was hidden goes on where it was

const browserClock: Clock = {
  now: () => performance.now(),
  frame: (callback) => requestAnimationFrame(callback),
  cancelFrame: (id) => cancelAnimationFrame(id),
  prefersReducedMotion: () => globalThis.matchMedia?.("(prefers-reduced-motion: reduce)").matches ?? false,
};

export class Player {
  /** Whether a checkpoint's data are here; until the next one's are, playing holds. */
  isReady: (checkpoint: number) => boolean = () => true;
  /** Whether every display has a checkpoint's picture; playing holds for it, too, but nobody need be told. */
  isDrawn: (checkpoint: number) => boolean = () => true;
  #model: HostModel;
  #clock: Clock;
  #listeners = new Set<() => void>();
  #nCheckpoints = 0;
  #easing = true;
  #phase = 0; // as position, but runs on to nCheckpoints, so that the last checkpoint is held before a loop
  #holding = false;
  #told = "";
  #isSaved = true;
  #frame: number | null = null;
  #lastTime: number | null = null;
  #lastSave = Number.NEGATIVE_INFINITY;
  #saveTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(model: HostModel, clock: Partial<Clock> = {}) {
    this.#model = model;
    this.#clock = { ...browserClock, ...clock };
    for (const trait of ["checkpoint", "playing", "speed", "loop"])
      model.on(`change:${trait}`, () => this.#follow());
  }

  /** Fractional while easing (12.4 is 40 % of the way from 12 to 13), an integer at rest. */
  get position(): number {
    const isEased = this.#easing && this.#isRunning && !this.#clock.prefersReducedMotion();
    return isEased ? Math.min(this.#phase, this.#last) : this.checkpoint;
  }

  /** The recorded checkpoint that numbers are shown for. */
  get checkpoint(): number {
    return Math.min(Math.floor(this.#phase), this.#last);
  }

  /** Whether the picture waits for data that the kernel has not sent yet. */
  get waiting(): boolean {
    return this.#nCheckpoints > 0 && (this.#holding || !this.isReady(this.checkpoint));
  }

  get nCheckpoints(): number {
    return this.#nCheckpoints;
  }
  set nCheckpoints(n: number) {
    if (n === this.#nCheckpoints) return;
    this.#nCheckpoints = n;
    this.#follow();
  }

  get easing(): boolean {
    return this.#easing;
  }
  set easing(easing: boolean) {
    this.#easing = easing;
    this.refresh();
  }

  get playing(): boolean {
    return Boolean(this.#model.get("playing"));
  }
  set playing(playing: boolean) {
    this.#write("playing", playing);
  }

  /** Checkpoints a second. */
  get speed(): number {
    const speed = Number(this.#model.get("speed"));
    return speed > 0 && Number.isFinite(speed) ? speed : SPEEDS.initial;
  }
  set speed(speed: number) {
    this.#write("speed", Math.min(SPEEDS.max, Math.max(SPEEDS.min, speed)));
  }

  get loop(): boolean {
    return Boolean(this.#model.get("loop"));
  }
  set loop(loop: boolean) {
    this.#write("loop", loop);
  }

  play(): void {
    if (this.#nCheckpoints > 1) this.playing = true;
  }

  pause(): void {
    this.playing = false;
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  /** `isTold` is false where Python goes there by itself. */
  seek(checkpoint: number, isTold = true): void {
    if (this.#nCheckpoints === 0 || !Number.isFinite(checkpoint)) return;
    this.#moveTo(Math.min(this.#last, Math.max(0, Math.round(checkpoint))), isTold);
    this.refresh();
  }

  /** One step at a time pauses; so do first and last. */
  step(by: number): void {
    this.seek(this.checkpoint + by);
    this.pause();
  }

  first(): void {
    this.step(Number.MIN_SAFE_INTEGER);
  }

  last(): void {
    this.step(Number.MAX_SAFE_INTEGER);
  }

  /** Called once a frame in which something changed, and on changes of state. Without subscribers time stands still. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#run();
    return () => {
      this.#listeners.delete(listener);
      this.#run();
    };
  }

  /** Tell the subscribers if anything they can see here has changed; data that came may have ended the waiting. */
  refresh(): void {
    const seen = [
      this.position,
      this.nCheckpoints,
      this.waiting,
      this.playing,
      this.speed,
      this.loop,
      this.easing,
    ];
    if (seen.join() === this.#told) return;
    this.#told = seen.join();
    for (const listener of [...this.#listeners]) listener();
  }

  get #last(): number {
    return Math.max(0, this.#nCheckpoints - 1);
  }

  get #isRunning(): boolean {
    return this.playing && this.#nCheckpoints > 1;
  }

  #write(trait: string, value: unknown): void {
    if (this.#model.get(trait) === value) return;
    this.#set(trait, value);
    this.#follow();
    this.#save();
  }

  /** The model tells us too, at once: what follows from a change must find nothing left to do the second time. */
  #set(trait: string, value: unknown): void {
    this.#isSaved = false;
    this.#model.set(trait, value);
  }

  /** Take over what the model says, whoever wrote it. */
  #follow(): void {
    const wanted = Math.min(this.#last, Math.max(0, Math.floor(Number(this.#model.get("checkpoint")) || 0)));
    if (wanted !== this.checkpoint) this.#phase = wanted;
    this.#run();
    this.refresh();
  }

  /** Start or stop the frames, as the model and the displays want it. */
  #run(): void {
    const isWanted = this.#isRunning && this.#listeners.size > 0;
    if (isWanted && this.#frame === null) {
      this.#lastTime = null;
      this.#request();
      if (this.checkpoint === this.#last) this.#moveTo(0);
    } else if (!isWanted && this.#frame !== null) {
      this.#clock.cancelFrame(this.#frame);
      this.#frame = null;
      this.#holding = false;
      this.#phase = this.checkpoint;
      this.#save();
    }
  }

  #request(): void {
    this.#frame = this.#clock.frame((time) => this.#tick(time));
  }

  #tick(time: number): void {
    const elapsed = Math.min(LONGEST_FRAME_MS, Math.max(0, time - (this.#lastTime ?? time)));
    this.#lastTime = time;
    this.#request();
    this.#advance((elapsed / 1000) * this.speed);
    if (this.#phase >= this.#last && !this.loop) this.pause();
    this.refresh();
  }

  #advance(by: number): void {
    let target = this.#phase + by;
    if (target >= this.#nCheckpoints) target = this.loop ? target % this.#nCheckpoints : this.#last;
    const current = this.checkpoint;
    const reachable = this.#reachable(current, target);
    const next = target < current ? Math.floor(target) : Math.min(this.#last, Math.floor(reachable) + 1);
    this.#holding = reachable !== target && !this.isReady(next);
    if (Math.floor(reachable) === current) this.#phase = reachable;
    else this.#moveTo(reachable);
  }

  /** How far one can go to `target` without meeting a checkpoint whose data are missing. */
  #reachable(from: number, target: number): number {
    const isHere = (k: number) => this.isReady(k) && this.isDrawn(k);
    if (target < from) return isHere(Math.floor(target)) ? target : this.#phase; // a loop has closed
    const end = Math.min(this.#last, Math.ceil(target));
    for (let k = from + 1; k <= end; k++) if (!isHere(k)) return Math.max(k - 1, from);
    return target;
  }

  #moveTo(phase: number, isTold = true): void {
    this.#phase = phase;
    this.#set("checkpoint", this.checkpoint);
    if (isTold) this.#saveSoon();
  }

  /** At most four times a second, the last one always. */
  #saveSoon(): void {
    if (this.#saveTimer !== null) return;
    const rest = this.#lastSave + SAVE_INTERVAL_MS - this.#clock.now();
    if (rest <= 0) this.#save();
    else this.#saveTimer = setTimeout(() => this.#save(), rest);
  }

  #save(): void {
    if (this.#saveTimer !== null) clearTimeout(this.#saveTimer);
    this.#saveTimer = null;
    if (this.#isSaved) return;
    this.#isSaved = true;
    this.#lastSave = this.#clock.now();
    this.#model.save_changes();
  }
}

const players = new WeakMap<HostModel, Player>();

/**
 * The player of a widget model. Hosts hand a fresh proxy of the model to every display, and take its listeners away
 * with the display: pass the model that `initialize` was given, and keep that one for every `render`.
 */
export function playerOf(model: HostModel): Player {
  const known = players.get(model);
  if (known) return known;
  const player = new Player(model);
  players.set(model, player);
  return player;
}
