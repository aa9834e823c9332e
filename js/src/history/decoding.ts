// Decodes blocks, one message after the other, and puts them where they are read. What was heard before the history
// began anew is not placed any more.
import { asBytes, type BlockEntry, type Index, type Parts, readBlock } from "../blocks";
import { isSummary, type Summaries } from "../summaries";
import { seriesOf } from "./changes";
import type { State, Store } from "./store";
import type { Windows } from "./windows";

export type Range = Parameters<Windows["mark"]>[0];

export class Decoding {
  done: Promise<void> = Promise.resolve();
  placed: (nRanges: number, error: Error | null) => void = () => {};
  readonly #store: Store;
  readonly #summaries: Summaries;
  readonly #windows: Windows;
  #age = 0;

  constructor(store: Store, summaries: Summaries, windows: Windows) {
    this.#store = store;
    this.#summaries = summaries;
    this.#windows = windows;
  }

  /** Decode blocks after those that came before; then the ranges that they complete are here. */
  read(entries: BlockEntry[], part: (entry: BlockEntry) => Parts[number], ranges: Range[]): void {
    const age = this.#age;
    const bytes = entries.map((entry) =>
      asBytes(part(entry)).subarray(entry.offset, entry.offset + entry.n_bytes),
    );
    const mark = (state: State) => {
      for (const range of ranges) this.#windows.mark(range, state);
    };
    mark("coming");
    const read = () => Promise.all(entries.map((entry, i) => readBlock(entry, bytes[i])));
    this.done = this.done.then(read).then(
      (blocks) => {
        if (age !== this.#age) return;
        for (const block of blocks)
          if (isSummary(block.entry)) this.#summaries.place(block.entry, block.codes as Float32Array);
          else this.#store.place(seriesOf(block.entry), block);
        mark("known");
        this.placed(ranges.length, null);
      },
      (error: Error) => age === this.#age && this.placed(ranges.length, error),
    ) as Promise<void>;
  }

  after(then: () => void): void {
    this.done = this.done.then(then);
  }

  /** Forget what is not decoded yet. */
  beginAnew(): void {
    this.#age++;
  }
}

/** The ranges that blocks of a state complete. */
export function rangesOf({ blocks }: Index, nCheckpoints: number, isWhole: boolean): Range[] {
  const all: Omit<Range, "quantity"> = { start: 0, stop: nCheckpoints, names: null, reference: null };
  const ranges: Range[] = isWhole
    ? [{ quantity: "weights", ...all }]
    : blocks.map(({ start, stop }): Range => ({ ...all, quantity: "weights", start, stop }));
  if (blocks.some(({ quantity }) => quantity === "update")) ranges.push({ quantity: "update", ...all });
  return ranges;
}
