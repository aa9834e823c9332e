// The spectra of a run, as Python computed them: asked for matrix by matrix while a view shows them, and again when the
// history has grown; a page has its own. Not for drawing them.
import {
  asBytes,
  type BlockEntry,
  type Index,
  type Parts,
  type Reply,
  readBlock,
  valuesAt,
} from "../../blocks";
import type { History } from "../../history";
import type { HostModel } from "../../host";
import type { CorrelationIndex, SpectraReply, SpectrumPart } from "../../spectra";
import { Spectrum } from "./spectrum";

export interface Wish {
  names: string[];
  correlation: boolean;
}

/** A history that grows is asked about again after so many times as long as the answer took, but no less than this. */
const REST = { times: 10, ms: 5000 };
/** Messages may be lost: then a question is asked again. */
const LOST_MS = 120_000;

export class Spectra {
  readonly known = new Map<string, Spectrum>();
  correlation: CorrelationIndex | null = null;
  /** Those that would have taken a page too long. */
  leftOut: string[] = [];
  error: string | null = null;
  readonly #history: History;
  readonly #model: HostModel;
  readonly #wishes = new Map<() => void, Wish>(); // of each view that is shown, by whom to tell
  #open: { id: string; names: Set<string>; correlation: boolean; askedAt: number; heardAt: number } | null =
    null;
  readonly #arriving = new Set<string>(); // answers that are still decoded
  #nAsked = 0;
  #restsUntil = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(model: HostModel, history: History) {
    this.#model = model;
    this.#history = history;
    this.#read(model.get("_index"), model.get("_blocks") ?? []);
    model.on("msg:custom", (message, buffers) => this.#receive(message, buffers ?? []));
  }

  get #number(): number {
    return Math.max(0, this.#history.peers.indexOf(this.#history));
  }

  get isLooking(): boolean {
    return this.#open !== null;
  }

  /** Whether there is somebody to ask. */
  get hasKernel(): boolean {
    return this.#history.hasKernel;
  }

  #tell(): void {
    for (const told of [...this.#wishes.keys()]) told();
  }

  #read({ spectra }: Index, parts: Parts): void {
    this.known.clear();
    this.#arriving.clear();
    this.correlation = this.#open = this.error = null;
    const about = spectra?.about[this.#number];
    if (!about) return;
    this.leftOut = about.left_out;
    this.correlation = about.correlation;
    const own = spectra!.blocks.filter(({ run }) => !this.#history.peers[1] || run === this.#history.name);
    this.#decode(about.parts, own, (entry) => parts[entry.part!]);
  }

  async #decode(parts: SpectrumPart[], blocks: BlockEntry[], of: (entry: BlockEntry) => Parts[number]) {
    const revision = this.#history.revision;
    const values = async (part: SpectrumPart, quantity: string): Promise<Float32Array> => {
      const entry = blocks.find((block) => block.name === part.name && block.quantity === quantity)!;
      const { offset, n_bytes } = entry;
      const block = await readBlock(entry, asBytes(of(entry)).subarray(offset, offset + n_bytes));
      const whole = {
        ...block,
        entry: { ...entry, dims: [entry.stop - entry.start, ...entry.dims], start: 0 },
      };
      return valuesAt(whole, 0);
    };
    const read = async (part: SpectrumPart) =>
      new Spectrum(part, ...(await Promise.all([values(part, "ranks"), values(part, "singular_values")])));
    const spectra = await Promise.all(parts.map(read));
    if (revision !== this.#history.revision) return;
    for (const spectrum of spectra) {
      this.known.set(spectrum.name, spectrum);
      this.#arriving.delete(spectrum.name);
    }
    this.#tell();
  }

  async #receive(message: Reply, buffers: Parts): Promise<void> {
    if (message.type === "reset") {
      const { name } = message.index.runs[0];
      if (!this.#history.peers[1] || name === this.#history.name) this.#read(message.index, buffers);
      this.#tell();
    } else if (message.type === "spectra" && message.id === this.#open?.id)
      await this.#take(message, buffers);
    else if (message.type === "error" && this.#open && message.id === this.#open.id) {
      this.error = message.message;
      this.#end();
      this.#tell();
    }
  }

  async #take(message: SpectraReply, buffers: Parts): Promise<void> {
    const open = this.#open!;
    open.heardAt = performance.now();
    this.error = null;
    if (message.correlation) this.correlation = message.correlation;
    if (message.done) this.#end();
    for (const { name } of message.parts) {
      open.names.delete(name);
      this.#arriving.add(name);
    }
    await this.#decode(message.parts, message.blocks, () => buffers[0]);
    if (message.done) this.#ask();
  }

  #end(): void {
    const now = performance.now();
    this.#restsUntil = now + Math.max(REST.ms, REST.times * (now - this.#open!.askedAt));
    this.#open = null;
  }

  /** A view shows these from now on; `told` is called whenever there is more. */
  want(told: () => void, wish: Wish): void {
    this.#wishes.set(told, wish);
    this.#ask();
  }

  /** A view shows nothing any more. */
  leave(told: () => void): void {
    this.#wishes.delete(told);
    this.#ask();
  }

  /** How many of these are known of all checkpoints. */
  nKnown(names: string[]): number {
    return names.filter((name) => this.#isWhole(name)).length;
  }

  #isWhole(name: string): boolean {
    return (this.known.get(name)?.nCheckpoints ?? 0) >= this.#history.nCheckpoints;
  }

  #cancel(): void {
    if (this.#open) this.#send({ type: "cancel", id: this.#open.id });
    this.#open = null;
  }

  #send(message: object): void {
    const run = this.#history.peers[1] ? { run: this.#history.name } : {};
    this.#model.send!({ ...message, ...run });
  }

  /** Ask for what is wanted and not known, and take back what was asked for and is not wanted any more. */
  #ask(): void {
    clearTimeout(this.#timer);
    if (!this.hasKernel) return;
    const wishes = [...this.#wishes.values()];
    const n = this.#history.nCheckpoints;
    const isLacking = (name: string) => !this.#isWhole(name) && !this.#arriving.has(name);
    const lacking = new Set(wishes.flatMap(({ names }) => names).filter(isLacking));
    const known = this.correlation?.n_checkpoints ?? 0;
    const correlation = n > 2 && known < n && wishes.some((wish) => wish.correlation);
    if (lacking.size === 0 && !correlation) {
      this.#cancel();
      return;
    }
    const now = performance.now();
    const open = this.#open;
    const isSame =
      open?.correlation === correlation &&
      open.names.size === lacking.size &&
      [...lacking].every((name) => open.names.has(name));
    if (isSame && now - open!.heardAt < LOST_MS) return;
    const isNew = [...lacking].some((name) => !this.known.has(name)) || (correlation && known === 0);
    if (now < this.#restsUntil && (!isNew || this.error)) {
      this.#timer = setTimeout(() => this.#ask(), this.#restsUntil - now + 1);
      return;
    }
    this.#cancel();
    const id = `${this.#history.peers[1] ? `${this.#number}/` : ""}s${this.#nAsked++}`;
    this.#open = { id, names: lacking, correlation, askedAt: now, heardAt: now };
    this.#send({ type: "spectra", id, names: [...lacking], correlation });
  }
}

const ofHistories = new WeakMap<History, Spectra>();

/** The spectra of a run, the same in all displays. */
export function spectraOf(model: HostModel, history: History): Spectra {
  const known = ofHistories.get(history) ?? new Spectra(model, history);
  ofHistories.set(history, known);
  return known;
}
