// The history as the browser holds it: decoded parameters by checkpoint, metrics, and what is still with the kernel.
// Not for drawing, and not for the clock.
import {
  type AppendMessage,
  type BlockEntry,
  type ComputedOrder,
  decodeBlock,
  type Index,
  type Reply,
  type RunIndex,
} from "./blocks";
import { type Bundle, evaluateBundle, linkStart, type Network, storedName } from "./network";
import { Summaries } from "./summaries";

type Send = (message: Record<string, unknown>) => void;
type Parts = (DataView | ArrayBuffer | Uint8Array)[];
interface Pending {
  resolve: (values: Float64Array) => void;
  reject: (error: Error) => void;
}

const REPLY_TIMEOUT_MS = 20_000;

export class History {
  nCheckpoints = 0;
  steps: (number | null)[] | null = null;
  epochs: (number | null)[] | null = null;
  metrics: { name: string; x: number[]; y: number[] }[] = [];
  precision = "float32";
  notes: string[] = [];
  orders: Record<string, ComputedOrder> = {};
  error: string | null = null;
  run = "";
  readonly summaries = new Summaries();
  private readonly values = new Map<string, (Float32Array | null)[]>();
  private readonly listeners = new Set<() => void>();
  private readonly pending = new Map<string, Pending>();
  private readonly exactCache = new Map<string, Promise<Float64Array>>();
  private readonly windows = new Map<string, { start: number; stop: number }>(); // asked for, by request
  private coming: { start: number; stop: number }[] = []; // sent, but not decoded yet
  private readonly asked = new Map<number, number>(); // window start -> time asked
  private loaded: Uint8Array | null = null; // per checkpoint, where windows are fetched; null when all is here
  private window: number | null = null;
  private nextId = 0;
  private sizes: number[] = [];
  decoding: Promise<void> = Promise.resolve();

  constructor(
    readonly network: Network,
    private readonly send: Send | null,
  ) {}

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Read the state that came with the widget or the page. */
  open(index: Index, parts: Parts): void {
    const run = index.runs[0];
    this.run = run.name;
    this.precision = index.precision;
    this.notes = index.notes;
    this.orders = index.orders;
    this.window = this.send ? index.window : null;
    this.readRun(run);
    if (this.window !== null) this.loaded = new Uint8Array(this.nCheckpoints);
    this.summaries.begin(index.summaries?.parameters ?? []);
    // Together with the weights: domains are taken as soon as anything is here.
    this.enqueue([...index.blocks, ...(index.summaries?.blocks ?? [])], (entry) => parts[entry.part!]);
    this.markLoaded(index.blocks);
  }

  private readRun(run: RunIndex): void {
    this.nCheckpoints = run.n_checkpoints;
    this.steps = run.steps;
    this.epochs = run.epochs;
    this.metrics = Object.entries(run.metrics).map(([name, { x, y }]) => ({ name, x, y: y.map(Number) }));
  }

  private enqueue(entries: BlockEntry[], part: (entry: BlockEntry) => Parts[number]): void {
    const bytes = entries.map((entry) =>
      asBytes(part(entry)).subarray(entry.offset, entry.offset + entry.n_bytes),
    );
    const decoded = this.decoding.then(() =>
      Promise.all(entries.map((entry, i) => decodeBlock(entry, bytes[i]))),
    );
    this.decoding = decoded.then(
      (values) => {
        entries.forEach((entry, i) => {
          this.place(entry, values[i]);
        });
      },
      (error: Error) => {
        this.error = `The weights could not be read: ${error.message}`;
      },
    );
    this.decoding.then(() => this.notify());
  }

  private place(entry: BlockEntry, values: Float32Array): void {
    if (entry.quantity !== "weights") {
      this.summaries.place(entry, values);
      return;
    }
    const list = this.values.get(entry.name) ?? [];
    this.values.set(entry.name, list);
    const n = entry.dims.reduce((a, b) => a * b, 1);
    for (let k = entry.start; k < entry.stop; k++) {
      list[k] = values.subarray((k - entry.start) * n, (k - entry.start + 1) * n);
    }
  }

  /** Checkpoints count as here once all that was sent of them is decoded. */
  private markLoaded(ranges: { start: number; stop: number }[]): void {
    if (!this.loaded) return;
    this.coming.push(...ranges);
    this.decoding = this.decoding.then(() => {
      this.coming = this.coming.filter((range) => !ranges.includes(range));
      for (const { start, stop } of ranges) this.loaded?.fill(1, start, stop);
      this.notify();
    });
  }

  private notify(): void {
    for (const listener of this.listeners) listener();
  }

  /** Take a custom message from Python; unknown ones are left to others. */
  receive(message: Reply, buffers: Parts): void {
    if (message.type === "append") this.append(message, buffers[0]);
    else if (message.type === "blocks") {
      this.error = null;
      this.enqueue(message.blocks, () => buffers[0]);
      const window = this.windows.get(String(message.id));
      if (message.done && window) this.markLoaded([window]);
    } else if (message.type === "exact") {
      this.pending.get(String(message.id))?.resolve(new Float64Array(copy(buffers[0])));
      this.pending.delete(String(message.id));
    } else if (message.type === "order") {
      this.orders = { ...this.orders, [message.order]: message };
      this.notify();
    } else if (message.type === "error") {
      this.pending.get(String(message.id))?.reject(new Error(message.message));
      this.pending.delete(String(message.id));
      this.error = message.message;
      this.notify();
    }
  }

  private append(message: AppendMessage, buffer: Parts[number]): void {
    if (message.n_checkpoints <= this.nCheckpoints && message.blocks.length > 0) return; // already in the state we opened
    const before = this.nCheckpoints;
    this.nCheckpoints = message.n_checkpoints;
    const extend = (old: (number | null)[] | null, added: (number | null)[] | null) =>
      added ? [...(old ?? new Array(before).fill(null)), ...added] : old;
    this.steps = extend(this.steps, message.steps);
    this.epochs = extend(this.epochs, message.epochs);
    for (const [name, { start, x, y }] of Object.entries(message.metrics)) {
      const known = this.metrics.find((m) => m.name === name);
      const [oldX, oldY] = [known?.x ?? [], known?.y ?? []].map((values) => values.slice(0, start));
      const metric = { name, x: [...oldX, ...x], y: [...oldY, ...y.map(Number)] };
      this.metrics = known ? this.metrics.map((m) => (m === known ? metric : m)) : [...this.metrics, metric];
    }
    if (this.loaded) this.loaded = grow(this.loaded, this.nCheckpoints);
    this.exactCache.clear();
    this.precision = message.precision;
    this.notes = message.notes;
    this.enqueue([...message.blocks, ...(message.summaries ?? [])], () => buffer);
    this.markLoaded([{ start: before, stop: this.nCheckpoints }]);
  }

  /** Whether checkpoint k can be drawn now; if it is still with the kernel, its window is asked for. */
  isReady(k: number): boolean {
    if (!this.loaded || this.loaded[k]) return true;
    if (!this.coming.some(({ start, stop }) => start <= k && k < stop)) this.fetch(k);
    return false;
  }

  private fetch(k: number): void {
    const size = this.window!;
    const start = Math.floor(k / size) * size;
    const now = performance.now();
    const asked = this.asked.get(start);
    if (asked !== undefined && now - asked < REPLY_TIMEOUT_MS) return;
    this.asked.set(start, now);
    setTimeout(() => !this.loaded?.[k] && this.notify(), REPLY_TIMEOUT_MS + 50); // asks again if it is still wanted
    const id = `w${this.nextId++}`;
    const stop = Math.min(this.nCheckpoints, start + size);
    this.windows.set(id, { start, stop });
    this.send!({ type: "fetch", id, run: this.run, start, stop });
  }

  /** Ask for the window after the one that holds k, so that playing does not wait. */
  prefetch(k: number): void {
    const next = this.window === null ? -1 : (Math.floor(k / this.window) + 1) * this.window;
    if (next > 0 && next < this.nCheckpoints) this.isReady(next);
  }

  /** A parameter at a checkpoint; null if it was not recorded there (or is not here yet). */
  parameter(name: string, k: number): Float32Array | null {
    return this.values.get(storedName(this.network, name))?.[k] ?? null;
  }

  /** Write a bundle's links at checkpoint k to `out`; false if the parameter was not recorded there. */
  bundle(bundle: Bundle, k: number, out: Float32Array): boolean {
    const values = this.parameter(bundle.parameter, k);
    if (values) evaluateBundle(bundle, values, 0, out);
    else out.fill(Number.NaN);
    return values !== null;
  }

  /** The stored history of one link, (n_checkpoints,), NaN where it is not recorded or not here. */
  stored(bundle: Bundle, target: number, source: number): Float64Array {
    const one: Bundle = {
      ...bundle,
      offset: linkStart(bundle, target, source),
      blocks: 1,
      shape: [1, 1, ...bundle.shape.slice(2)],
    };
    const cell = new Float32Array(1);
    return Float64Array.from({ length: this.nCheckpoints }, (_, k) => {
      this.bundle(one, k, cell);
      return cell[0];
    });
  }

  /** Whether checkpoint k is here; unlike isReady, asks for nothing. */
  isHere(k: number): boolean {
    return !this.loaded || this.loaded[k] === 1;
  }

  /** How many checkpoints are here; the others are still with the kernel. */
  get nLoaded(): number {
    return this.loaded ? this.loaded.reduce((sum, here) => sum + here, 0) : this.nCheckpoints;
  }

  get isExact(): boolean {
    return this.precision === "float32" && this.loaded === null;
  }

  /** The exact histories of parameter entries from the kernel, (n_checkpoints, n_entries). */
  exact(parameter: string, entries: number[]): Promise<Float64Array> {
    const key = `${parameter}:${entries.join()}`;
    const reply = this.exactCache.get(key) ?? this.ask(parameter, entries);
    this.exactCache.set(key, reply);
    reply.catch(() => this.exactCache.delete(key));
    return reply;
  }

  private ask(parameter: string, entries: number[]): Promise<Float64Array> {
    if (!this.send) return Promise.reject(new Error("there is no kernel behind this page"));
    const id = `e${this.nextId++}`;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      setTimeout(() => reject(new Error("the kernel did not answer")), REPLY_TIMEOUT_MS);
      this.send!({ type: "exact", id, run: this.run, parameter, entries });
    });
  }

  /** ||w(t) - w(t-1)|| over all parameters that both have, (n_checkpoints,), NaN where it is not known (yet). */
  updateSizes(): number[] {
    if (!this.summaries.isEmpty) return [...this.summaries.over("update_norm")];
    for (let k = 0; k < this.nCheckpoints; k++) if (!(this.sizes[k] >= 0)) this.sizes[k] = this.updateSize(k);
    return this.sizes;
  }

  private updateSize(k: number): number {
    let sum = 0;
    let isKnown = false;
    for (const list of this.values.values()) {
      const [before, now] = [list[k - 1], list[k]];
      if (!before || !now) continue;
      isKnown = true;
      for (let i = 0; i < now.length; i++) sum += (now[i] - before[i]) ** 2;
    }
    return isKnown ? Math.sqrt(sum) : Number.NaN;
  }

  get hasValues(): boolean {
    return this.values.size > 0 || !this.summaries.isEmpty;
  }
}

const asBytes = (part: Parts[number]): Uint8Array =>
  part instanceof ArrayBuffer
    ? new Uint8Array(part)
    : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);

const copy = (part: Parts[number]): ArrayBuffer => asBytes(part).slice().buffer as ArrayBuffer;

function grow(bytes: Uint8Array, n: number): Uint8Array {
  const longer = new Uint8Array(n);
  longer.set(bytes);
  return longer;
}
