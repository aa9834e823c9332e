// Decoded blocks by quantity, parameter and checkpoint: kept as codes, as values only where they were just read.
// Not for asking for them (see requests.ts).
import { type Block, valueAt, valuesAt } from "../blocks";

/** What a block is of: "weights", "update", or "difference:3" from checkpoint 3. */
export type Series = string;

/** How it stands with a parameter at a checkpoint; known also means known to be unrecorded. */
export type State = "unknown" | "asked" | "coming" | "known";

const STATES: State[] = ["unknown", "asked", "coming", "known"];
/** Values (not codes) that are kept for the next frames. */
const VALUES_BYTES = 64e6;

export class Store {
  readonly #blocks = new Map<string, (Block | undefined)[]>();
  readonly #states = new Map<string, Uint8Array>();
  readonly #values = new Map<string, Float32Array>(); // the last read last
  #codeBytes = 0;
  #valueBytes = 0;

  /** Bytes of all that is kept. @boundary */
  get nBytes(): number {
    return this.#codeBytes + this.#valueBytes;
  }

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }

  clear(): void {
    for (const map of [this.#blocks, this.#states, this.#values]) map.clear();
    this.#codeBytes = 0;
    this.#valueBytes = 0;
  }

  place(series: Series, block: Block): void {
    const { name, start, stop } = block.entry;
    const list = this.#blocks.get(key(series, name)) ?? [];
    this.#blocks.set(key(series, name), list);
    for (let k = start; k < stop; k++) {
      this.#remove(series, name, k);
      list[k] = block;
      this.#codeBytes += bytesEach(block);
    }
  }

  /** Say how it stands with a range; what is known stays known, and only what was asked for can be unknown again. */
  mark(series: Series, names: Iterable<string>, start: number, stop: number, state: State): void {
    const code = STATES.indexOf(state);
    for (const name of names) {
      let states = this.#states.get(key(series, name)) ?? new Uint8Array(0);
      if (states.length < stop) {
        const longer = new Uint8Array(Math.max(stop, 2 * states.length));
        longer.set(states);
        states = longer;
      }
      for (let k = start; k < stop; k++)
        if (code > states[k] || (code === 0 && states[k] === 1)) states[k] = code;
      this.#states.set(key(series, name), states);
    }
  }

  state(series: Series, name: string, k: number): State {
    return STATES[this.#states.get(key(series, name))?.[k] ?? 0];
  }

  block(series: Series, name: string, k: number): Block | undefined {
    return this.#blocks.get(key(series, name))?.[k];
  }

  /** The values of a parameter at a checkpoint; null if there are none. For reading only. */
  read(series: Series, name: string, k: number): Float32Array | null {
    const block = this.block(series, name, k);
    if (!block) return null;
    if (block.codes instanceof Float32Array) return valuesAt(block, k);
    return this.remember(series, name, k, () => valuesAt(block, k));
  }

  /** One value of a parameter at a checkpoint, NaN if there is none. */
  readOne(series: Series, name: string, k: number, index: number): number {
    const block = this.block(series, name, k);
    return block ? valueAt(block, k, index) : Number.NaN;
  }

  /** Values that are made now unless they were made lately. */
  remember(series: Series, name: string, k: number, make: () => Float32Array): Float32Array {
    const at = `${key(series, name)}|${k}`;
    let values = this.#values.get(at);
    if (values) this.#values.delete(at);
    else {
      values = make();
      this.#valueBytes += values.byteLength;
    }
    this.#values.set(at, values);
    // Not even begun where there is room: of a map whose first entries were deleted, finding the first one takes long.
    while (this.#valueBytes > VALUES_BYTES) {
      const [oldest, old] = this.#values.entries().next().value!;
      if (oldest === at) break;
      this.#values.delete(oldest);
      this.#valueBytes -= old.byteLength;
    }
    return values;
  }

  /** Forget a range of checkpoints; it can be asked for again. True if anything was there. */
  drop(series: Series, start: number, stop: number): boolean {
    const before = this.#codeBytes;
    for (const at of this.#blocks.keys()) {
      if (!at.startsWith(`${series}|`)) continue;
      for (let k = start; k < stop; k++) this.#remove(series, at.slice(series.length + 1), k);
    }
    for (const [at, states] of this.#states)
      if (at.startsWith(`${series}|`)) states.fill(STATES.indexOf("unknown"), start, stop);
    return this.#codeBytes < before;
  }

  /** Forget the differences from other runs: those have grown. */
  dropAgainst(): void {
    for (const [at, states] of this.#states)
      if (at.startsWith("against")) this.drop(at.split("|", 1)[0], 0, states.length);
  }

  #remove(series: Series, name: string, k: number): void {
    const list = this.#blocks.get(key(series, name));
    const at = `${key(series, name)}|${k}`;
    this.#valueBytes -= this.#values.get(at)?.byteLength ?? 0;
    this.#values.delete(at);
    if (!list?.[k]) return;
    this.#codeBytes -= bytesEach(list[k]);
    list[k] = undefined;
  }

  /** All series of which something is here. */
  get series(): Set<Series> {
    return new Set([...this.#blocks.keys()].map((at) => at.split("|", 1)[0]));
  }
}

const key = (series: Series, name: string): string => `${series}|${name}`;

const bytesEach = ({ entry, codes }: Block): number => codes.byteLength / (entry.stop - entry.start);
