// What happened in the run, as Python found it: asked for once, and again when the history has grown.
// Not for drawing it.
import type { Index, Reply } from "../../blocks";
import type { EventEntry, EventIndex } from "../../events";
import type { History } from "../../history";
import type { HostModel } from "../../host";

/** Steps that Python takes in about half a second: of fewer, a display asks by itself, of more when its reader does. */
const QUICK_STEPS = 5e7;
/** Steps that a bundle takes at each checkpoint, beside one for each of its weights. */
const BUNDLE_STEPS = 10_000;
/** After an answer, the next question waits so many times as long as the answer took, but no less than this. */
const REST = { times: 10, ms: 5000 };
/** Messages may be lost: then a question is asked again. */
const LOST_MS = 120_000;

const NONE: EventEntry[] = [];

/** The events of a widget's history, the same in all its displays. */
export class Found {
  index: EventIndex | null = null;
  error: string | null = null;
  readonly #history: History;
  readonly #model: HostModel;
  readonly #listeners = new Set<() => void>();
  #id: string | null = null; // of the question that waits for an answer
  #nAsked = 0;
  #askedAt = 0;
  #restsUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: HostModel, history: History) {
    this.#model = model;
    this.#history = history;
    this.#open(model.get("_index"));
    model.on("msg:custom", (message) => this.#receive(message));
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  get entries(): EventEntry[] {
    return this.index?.events ?? NONE;
  }

  get isLooking(): boolean {
    return this.#id !== null;
  }

  /** Whether there is something to show, or somebody to ask. */
  get isPossible(): boolean {
    return this.#history.nCheckpoints > 1 && (this.index !== null || this.#history.hasKernel);
  }

  #open({ events }: Index): void {
    this.index = events?.revision === this.#history.revision ? events : null;
    this.#id = this.error = null;
    this.#tell();
  }

  #receive(message: Reply): void {
    if (message.type === "reset") this.#open(message.index);
    else if (message.type === "events" && message.revision === this.#history.revision) {
      this.index = message;
      this.#answered(null);
    } else if (message.type === "error" && this.#id !== null && message.id === this.#id)
      this.#answered(message.message);
  }

  #answered(error: string | null): void {
    this.error = error;
    this.#id = null;
    const now = performance.now();
    this.#restsUntil = now + Math.max(REST.ms, REST.times * (now - this.#askedAt));
    this.#tell();
  }

  get #isQuick(): boolean {
    const { network, nCheckpoints } = this.#history;
    const steps = network.bundles.map(({ shape }) => BUNDLE_STEPS + shape.reduce((n, side) => n * side, 1));
    return nCheckpoints * steps.reduce((a, b) => a + b, 0) <= QUICK_STEPS;
  }

  /** Ask for what is not known yet, if it is found quickly, or was asked for by the reader. */
  want(isReader = false): void {
    const { nCheckpoints } = this.#history;
    if (!this.#history.hasKernel || nCheckpoints < 2 || this.index?.n_checkpoints === nCheckpoints) return;
    if (!isReader && (this.error || (!this.index && !this.#isQuick))) return;
    const now = performance.now();
    if (this.isLooking && now - this.#askedAt < LOST_MS) return;
    clearTimeout(this.#timer);
    if (!isReader && now < this.#restsUntil) {
      this.#timer = setTimeout(() => this.want(), this.#restsUntil - now + 1);
      return;
    }
    this.#id = `v${this.#nAsked++}`;
    this.#askedAt = now;
    this.error = null;
    this.#model.send!({ type: "events", id: this.#id });
    if (isReader) this.#tell();
  }
}

const ofHistories = new WeakMap<History, Found>();

/** What was found in a history, begun on first use. */
export function foundIn(model: HostModel, history: History): Found {
  const known = ofHistories.get(history) ?? new Found(model, history);
  ofHistories.set(history, known);
  return known;
}
