// Which checkpoints are here, which are asked for, and which are given back: windows about the playhead.
// Not for reading values (see ../history.ts).
import type { Network } from "../network";
import { seriesOf } from "./changes";
import type { Requests, Wanted } from "./requests";
import type { Run } from "./run";
import type { Series, State, Store } from "./store";

/** Windows asked for ahead of the playhead while playing. */
export const N_AHEAD = 4;

/** Values in a window of changes where all weights are here; as payload.py sizes those of weights. */
const WINDOW_VALUES = 2_000_000;

/** One checkpoint of a series. */
export type Need = [series: Series, k: number];

export class Windows {
  readonly #store: Store;
  readonly #requests: Requests | null;
  run: Pick<Run, "name" | "nCheckpoints"> = { name: "", nCheckpoints: 0 };
  size: number; // of a window
  /** Stored names that count; null counts all. */
  #wanted: string[] | null = null;
  head = 0; // the checkpoint at the playhead

  readonly #names: string[];

  constructor(store: Store, requests: Requests | null, { parameters, tied }: Network) {
    this.#store = store;
    this.#requests = requests;
    this.#names = Object.keys(parameters).filter((name) => !(name in tied));
    const n = this.#names.reduce((sum, name) => sum + parameters[name].reduce((a, b) => a * b, 1), 0);
    this.size = Math.max(1, Math.floor(WINDOW_VALUES / Math.max(1, n)));
  }

  get #n(): number {
    return this.run.nCheckpoints;
  }

  get wantedNames(): string[] {
    return this.#wanted ?? this.#names;
  }

  want(names: string[] | null): void {
    this.#wanted = names;
  }

  isHere([series, k]: Need): boolean {
    return this.wantedNames.every((name) => this.#store.state(series, name, k) === "known");
  }

  /** Whether all of these are here; what is not is asked for, once. */
  need(needs: Need[]): boolean {
    let isHere = true;
    for (const [series, k] of needs) {
      const names = this.wantedNames.filter((name) => this.#store.state(series, name, k) !== "known");
      if (names.length === 0) continue;
      isHere = false;
      const unasked = names.filter((name) => this.#store.state(series, name, k) === "unknown");
      if (unasked.length > 0) this.#ask(series, k, unasked);
    }
    return isHere;
  }

  #ask(series: Series, k: number, names: string[]): void {
    if (!this.#requests) return;
    const [quantity, reference] = series.split(":");
    const wanted: Wanted = {
      run: this.run.name,
      ...this.#windowOf(k),
      quantity,
      reference: reference === undefined ? null : Number(reference),
      names: this.#wanted === null ? null : names,
    };
    this.mark(wanted, "asked");
    this.#requests.fetch(wanted);
  }

  #windowOf(k: number): Pick<Wanted, "start" | "stop"> {
    const start = Math.floor(k / this.size) * this.size;
    return { start, stop: Math.min(this.#n, start + this.size) };
  }

  /** Say how it stands with what a request was for, or with what rode in the state. */
  mark({ quantity, reference, start, stop, names }: Omit<Wanted, "run">, state: State): void {
    this.#store.mark(seriesOf({ quantity, reference }), names ?? this.#names, start, stop, state);
  }

  /** First checkpoints of the windows about the playhead, in the order in which they are wanted. */
  about(k: number, nAhead: number, loop: boolean): number[] {
    const n = Math.ceil(this.#n / this.size);
    const first = Math.floor(k / this.size);
    const windows = new Set<number>();
    for (let i = 0; i <= nAhead; i++) if (loop || first + i < n) windows.add((first + i) % n);
    return [...windows].map((window) => window * this.size);
  }

  /** The playhead moved: take back the requests for windows that are far from it, except for those `always` needed. */
  moveTo(k: number, loop: boolean, always: Need[]): void {
    this.head = k;
    const kept = new Set(this.about(k, N_AHEAD, loop));
    for (const [, other] of always) kept.add(this.#windowOf(other).start);
    const cancelled = this.#requests?.cancel(({ start }) => kept.has(start)) ?? [];
    for (const range of cancelled) this.mark(range, "unknown");
  }

  /** Give back what is farthest from the playhead until `isTooMuch` is content; other series than these first. */
  trim(isTooMuch: () => boolean, shown: Set<Series>, always: Need[]): void {
    if (!this.#requests || !isTooMuch()) return; // without a kernel nothing could be asked for again
    const kept = new Set([...this.about(this.head, N_AHEAD, true), ...this.about(this.#n - 1, 0, false)]);
    for (const [, k] of always) kept.add(this.#windowOf(k).start);
    const starts = Array.from({ length: Math.ceil(this.#n / this.size) }, (_, w) => w * this.size);
    starts.sort((a, b) => Math.abs(b - this.head) - Math.abs(a - this.head));
    const others = [...this.#store.series].filter((series) => !shown.has(series));
    for (const series of [...others, ...shown])
      for (const start of starts) {
        if (shown.has(series) && kept.has(start)) continue;
        this.#store.drop(series, start, Math.min(this.#n, start + this.size));
        if (!isTooMuch()) return;
      }
  }
}
