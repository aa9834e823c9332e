// Questions to the kernel: asked once, asked again after a time-out or an error, taken back when not wanted any more.
// Not for what is wanted (see windows.ts).
import type { ErrorMessage, ExactReply, FetchMessage } from "../blocks";

export type Send = (message: Record<string, unknown>) => void;

/** What is asked for; its id comes with each attempt. */
export type Wanted = Omit<FetchMessage, "type" | "id">;

interface Attempt {
  wanted: Wanted;
  ids: string[]; // of all attempts: a late answer to an early one is as good
  nTries: number;
  timer: ReturnType<typeof setTimeout>;
}

interface Pending {
  resolve: (values: Float64Array) => void;
  reject: (error: Error) => void;
}

/** A busy kernel answers everything that was asked in the meantime: so each wait is twice the one before. */
export const WAIT_MS = { reply: 20_000, error: 2_000, longest: 300_000 };

const doubled = (wait: number, nTries: number): number => Math.min(WAIT_MS.longest, wait * 2 ** (nTries - 1));

export class Requests {
  readonly #send: Send;
  readonly #changed: () => void;
  readonly #attempts = new Set<Attempt>();
  readonly #pending = new Map<string, Pending>();
  readonly #replies = new Map<string, Promise<Float64Array>>();
  readonly #takenBack = new Map<string, Wanted>(); // by id
  #nextId = 0;
  #firstId = 0; // of those since the history began anew

  constructor(send: Send, changed: () => void) {
    this.#send = send;
    this.#changed = changed;
  }

  /** How many answers are awaited. */
  get nOpen(): number {
    return this.#attempts.size;
  }

  /** Whether the kernel is late: something had to be asked again. */
  get isLate(): boolean {
    return [...this.#attempts].some(({ nTries }) => nTries > 1);
  }

  fetch(wanted: Wanted): void {
    const attempt = { wanted, ids: [], nTries: 0, timer: setTimeout(() => {}) };
    this.#attempts.add(attempt);
    this.#attempt(attempt);
  }

  #attempt(attempt: Attempt): void {
    clearTimeout(attempt.timer);
    if (attempt.nTries > 0) this.#sendCancel(attempt);
    attempt.nTries++;
    const id = `w${this.#nextId++}`;
    attempt.ids.push(id);
    attempt.timer = setTimeout(() => this.#again(attempt), doubled(WAIT_MS.reply, attempt.nTries));
    this.#send({ type: "fetch", id, ...attempt.wanted });
  }

  #again(attempt: Attempt): void {
    this.#attempt(attempt);
    this.#changed();
  }

  #sendCancel({ ids }: Attempt): void {
    this.#send({ type: "cancel", id: ids[ids.length - 1] });
  }

  /** Take back what need not be answered any more; returns it. */
  cancel(isWanted: (wanted: Wanted) => boolean): Wanted[] {
    const cancelled = [...this.#attempts].filter(({ wanted }) => !isWanted(wanted));
    for (const attempt of cancelled) {
      this.#sendCancel(attempt);
      this.#end(attempt);
      for (const id of attempt.ids) this.#takenBack.set(id, attempt.wanted);
    }
    return cancelled.map(({ wanted }) => wanted);
  }

  /** The history begins anew: no answer to what was asked before is of use. */
  forget(): void {
    this.cancel(() => false);
    this.#takenBack.clear();
    this.#replies.clear();
    for (const { reject } of this.#pending.values()) reject(new Error("the history was revised"));
    this.#pending.clear();
    this.#firstId = this.#nextId;
  }

  isCurrent(id: number | string): boolean {
    return Number(String(id).slice(1)) >= this.#firstId;
  }

  #end(attempt: Attempt): void {
    clearTimeout(attempt.timer);
    this.#attempts.delete(attempt);
  }

  /** What a complete answer was to, even if it was taken back too late; null if it was answered before. */
  answered(id: string): Wanted | null {
    const attempt = [...this.#attempts].find(({ ids }) => ids.includes(id));
    if (!attempt) return this.#takenBack.get(id) ?? null;
    if (attempt.ids[attempt.ids.length - 1] !== id) this.#sendCancel(attempt);
    this.#end(attempt);
    return attempt.wanted;
  }

  /** The kernel could not answer: ask again later, or tell who waits. */
  failed({ id, message }: ErrorMessage): void {
    this.#pending.get(String(id))?.reject(new Error(message));
    this.#pending.delete(String(id));
    for (const attempt of this.#attempts) {
      if (attempt.ids[attempt.ids.length - 1] !== String(id)) continue;
      clearTimeout(attempt.timer);
      attempt.timer = setTimeout(() => this.#again(attempt), doubled(WAIT_MS.error, attempt.nTries));
    }
  }

  /** The exact histories of parameter entries, (n_checkpoints, n_entries); asked for once. */
  exact(run: string, parameter: string, entries: number[]): Promise<Float64Array> {
    const key = `${parameter}:${entries.join()}`;
    const reply = this.#replies.get(key) ?? this.#askExact(run, parameter, entries);
    this.#replies.set(key, reply);
    reply.catch(() => this.#replies.delete(key));
    return reply;
  }

  /** The history has grown: what was exact lacks its end. */
  forgetExact(): void {
    this.#replies.clear();
  }

  #askExact(run: string, parameter: string, entries: number[]): Promise<Float64Array> {
    const id = `e${this.#nextId++}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      setTimeout(() => reject(new Error("the kernel did not answer")), WAIT_MS.reply);
      this.#send({ type: "exact", id, run, parameter, entries });
    });
  }

  exactAnswered({ id }: ExactReply, values: Float64Array): void {
    this.#pending.get(String(id))?.resolve(values);
    this.#pending.delete(String(id));
  }
}
