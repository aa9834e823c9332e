// Messages that were lost on their way: what they told is asked for. Weights are not: they are fetched where needed.
import type { AppendMessage } from "../blocks";
import type { Send } from "./requests";
import type { Run } from "./run";

export class Gaps {
  readonly #send: Send | null;
  #missing = Number.POSITIVE_INFINITY; // the first checkpoint of which not all is known

  constructor(send: Send | null) {
    this.#send = send;
  }

  /**
   * Hear of growth before it is taken in; false if it is of checkpoints that are numbered otherwise. What is missing is
   * asked for at once, and again at each reminder that comes while it is.
   */
  hear({ nCheckpoints, metrics }: Run, revision: number, message: AppendMessage): boolean {
    const { start, n_checkpoints, metrics: curves } = message;
    const points = (name: string) => metrics.find((metric) => metric.name === name)?.y.length ?? 0;
    const isSame = message.revision === revision;
    if (start <= this.#missing && metrics.every(({ name }) => curves[name]?.start === 0)) this.forget();
    const isBeyond = start > nCheckpoints || Object.keys(curves).some((at) => curves[at].start > points(at));
    const before = this.#missing;
    if (!isSame) this.#missing = 0;
    else if (isBeyond) this.#missing = Math.min(before, nCheckpoints);
    const isReminder = start === n_checkpoints && this.#missing < Number.POSITIVE_INFINITY;
    if (this.#missing < before || isReminder) this.#send?.({ type: "tail", revision, start: this.#missing });
    return isSame;
  }

  /** Nothing is missing any more. */
  forget(): void {
    this.#missing = Number.POSITIVE_INFINITY;
  }
}
