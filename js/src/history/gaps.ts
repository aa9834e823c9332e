// Messages that were lost on their way: what they told is asked for. Weights are not: they are fetched where needed.
import type { AppendMessage } from "../blocks";
import type { Send } from "./requests";
import type { Run } from "./run";

/** Between two questions; each wait is twice the one before. */
const WAIT_MS = { first: 2_000, longest: 60_000 };

export class Gaps {
  readonly #send: Send | null;
  #missing = Number.POSITIVE_INFINITY; // the first checkpoint of which not all is known
  #wait = WAIT_MS.first;
  #next = Number.NEGATIVE_INFINITY;

  constructor(send: Send | null) {
    this.#send = send;
  }

  /** Hear of growth before it is taken in; false if it is of checkpoints that are numbered otherwise. */
  hear({ nCheckpoints, metrics }: Run, revision: number, message: AppendMessage): boolean {
    const points = (name: string) => metrics.find((metric) => metric.name === name)?.y.length ?? 0;
    const { start, metrics: curves } = message;
    if (start <= this.#missing && metrics.every(({ name }) => curves[name]?.start === 0)) this.forget();
    const isSame = message.revision === revision;
    if (!isSame) this.#missing = 0;
    else if (start > nCheckpoints || Object.keys(curves).some((name) => curves[name].start > points(name)))
      this.#missing = Math.min(this.#missing, nCheckpoints);
    this.#ask(revision);
    return isSame;
  }

  #ask(revision: number): void {
    const now = performance.now();
    if (this.#missing === Number.POSITIVE_INFINITY || now < this.#next) return;
    this.#next = now + this.#wait;
    this.#wait = Math.min(WAIT_MS.longest, 2 * this.#wait);
    this.#send?.({ type: "tail", revision, start: this.#missing });
  }

  /** Nothing is missing any more. */
  forget(): void {
    this.#missing = Number.POSITIVE_INFINITY;
    this.#wait = WAIT_MS.first;
    this.#next = Number.NEGATIVE_INFINITY;
  }
}
