// The history as the browser holds it: parameters and their changes by checkpoint, metrics, what is still to come.
// Not for drawing, and not for the clock. Puts store, windows and requests together.
import {
  type AppendMessage,
  asBytes,
  type ComputedOrder,
  type Index,
  type Parts,
  type Reply,
} from "./blocks";
import { Changes, type Quantity } from "./history/changes";
import { Decoding, type Range, rangesOf } from "./history/decoding";
import { Gaps } from "./history/gaps";
import { Memory } from "./history/memory";
import { Requests, type Send } from "./history/requests";
import { grown, type Run, readRun, renumbered } from "./history/run";
import { baseOf, beforeOf, changeAt, isCoarse, needsOf, type Peer, type Shown } from "./history/shown";
import { Store } from "./history/store";
import { Told } from "./history/told";
import { N_AHEAD, type Need, Windows } from "./history/windows";
import { type Bundle, evaluateBundle, linkEntries, type Network, storedName } from "./network";
import { Summaries } from "./summaries";

export class History implements Peer {
  readonly network: Network;
  name = ""; // of the run
  called = ""; // in captions: "run adam", "run 1"; nothing where it is alone
  nCheckpoints = 0;
  steps: Run["steps"] = null;
  epochs: Run["epochs"] = null;
  metrics: Run["metrics"] = [];
  precision = "float32";
  notes: string[] = [];
  orders: Record<string, ComputedOrder> = {};
  error: string | null = null;
  revision = 0; // another one numbers the checkpoints otherwise
  /** Called when they are: with the number that a checkpoint has now. */
  revised: (number: (k: number) => number) => void = () => {};
  readonly summaries = new Summaries();
  readonly #decoding: Decoding;
  readonly store = new Store();
  readonly #requests: Requests | null;
  readonly #windows: Windows;
  readonly #memory: Memory;
  readonly hasKernel: boolean; // that can be asked
  readonly #told = new Told();
  readonly #gaps: Gaps;
  /** All runs of the widget, this one among them. */
  peers: History[] = [this];
  #shown: Shown = { quantity: "weights", reference: 0 };
  #isPlaying = false;
  #isWhole = true; // all weights came with the state
  isByName = false; // none did: they are asked for parameter by parameter
  readonly #changes = new Changes(this.store);
  #counted: number | null = null;

  constructor(network: Network, send: Send | null, memory = new Memory()) {
    this.network = network;
    this.#memory = memory;
    this.#requests = send && new Requests(send, () => this.#told.now());
    this.hasKernel = send !== null;
    this.#gaps = new Gaps(send);
    this.#windows = new Windows(this.store, this.#requests, network);
    this.#windows.run = this;
    this.#decoding = new Decoding(this.store, this.summaries, this.#windows);
    this.#decoding.placed = (nRanges, error) => this.#decoded(nRanges, error);
    memory.add(this.store);
  }

  subscribe = (listener: () => void): (() => void) => this.#told.subscribe(listener);

  /** All that has come until now is decoded. */
  get decoding(): Promise<void> {
    return this.#decoding.done;
  }

  /** Read the state that came with the widget or the page. */
  open(index: Index, parts: Parts): void {
    this.revision = index.revision ?? 0;
    this.precision = index.precision;
    this.notes = index.notes;
    this.orders = index.orders;
    this.summaries.begin(index.summaries?.parameters ?? []);
    this.#setRun(readRun(index.runs[0]));
    this.#isWhole = index.window === null || !this.#requests;
    if (index.window !== null) this.#windows.size = index.window;
    this.isByName = !this.#isWhole && index.blocks.length === 0;
    this.#windows.want(this.isByName ? [] : null);
    const ranges = rangesOf(index, this.nCheckpoints, this.#isWhole);
    // Together with the weights: domains are taken as soon as anything is here.
    const entries = [...index.blocks, ...(index.summaries?.blocks ?? [])];
    this.#decoding.read(entries, (entry) => parts[entry.part!], ranges);
    if (ranges.length === 0) this.#decoding.after(() => this.#told.now());
  }

  /** Checkpoints were taken out or replaced: begin with what there is now. */
  #beginAnew(index: Index, parts: Parts): void {
    const before = this.steps;
    this.#decoding.beginAnew();
    this.#gaps.forget();
    this.#requests?.forget();
    this.store.clear();
    this.error = null;
    this.open(index, parts);
    this.revised((k) => renumbered(k, before, this));
  }

  #setRun(run: Run): void {
    Object.assign(this, run);
    this.#counted = null;
  }

  #decoded(nRanges: number, error: Error | null): void {
    if (error) this.error = `The weights could not be read: ${error.message}`;
    else this.#trim();
    this.#counted = null;
    if (nRanges > 0 && this.#isPlaying && !error) this.#told.soon();
    else if (error || nRanges > 0) this.#told.now();
  }

  #trim(): void {
    const shown = new Set(this.#needs(this.nCheckpoints - 1).map(([series]) => series));
    this.#windows.trim(() => this.#memory.isFull, shown, this.#needs(this.#windows.head));
  }

  /** Take a custom message from Python; unknown ones are left to others. */
  receive(message: Reply, buffers: Parts): void {
    if (message.type === "append") this.#grow(message, buffers);
    else if (message.type === "reset") this.#beginAnew(message.index, buffers);
    else if (message.type === "blocks") {
      if (!this.#requests?.isCurrent(message.id)) return;
      this.error = null;
      const range = message.done ? this.#requests.answered(String(message.id)) : null;
      this.#decoding.read(message.blocks, () => buffers[0], range ? [range] : []);
    } else if (message.type === "exact") {
      this.#requests?.exactAnswered(message, new Float64Array(asBytes(buffers[0]).slice().buffer));
    } else if (message.type === "order") {
      if (this.orders[message.order]?.checkpoint === message.checkpoint) return; // told again
      this.orders = { ...this.orders, [message.order]: message };
      this.#told.now();
    } else if (message.type === "error") {
      this.#requests?.failed(message);
      this.error = message.message;
      this.#told.now();
    }
  }

  #grow(message: AppendMessage, buffers: Parts): void {
    if (!this.#gaps.hear(this, this.revision, message)) return;
    if (message.n_checkpoints > this.nCheckpoints) this.error = null;
    this.#setRun(grown(this, message));
    this.#requests?.forgetExact();
    this.precision = message.precision;
    this.notes = message.notes;
    const { first, n_checkpoints: stop } = message;
    this.#isWhole &&= first <= message.start;
    const added: Range = { quantity: "weights", reference: null, start: first, stop, names: null };
    const entries = [...message.blocks, ...(message.summaries ?? [])];
    this.#decoding.read(entries, () => buffers[0], first < stop && !this.isByName ? [added] : []);
    this.#decoding.after(() => this.#told.now());
  }

  /** What is on the stage: what `isReady` and the like speak of. */
  show(quantity: Quantity, reference: number): void {
    this.#shown = { quantity, reference };
    this.#counted = null;
  }

  /** Parameters that are drawn: only these are asked for where the state carries no weights at all. */
  want(names: Iterable<string>): void {
    if (!this.isByName) return;
    this.#windows.want([...new Set([...names].map((name) => storedName(this.network, name)))]);
    this.#counted = null;
  }

  /** Whether changes come from Python, made of the exact weights, since those here are rounded. */
  #asks = (shown: Shown): boolean => this.#requests !== null && isCoarse(this, shown);

  /** The run and the checkpoint that are subtracted at checkpoint k; a negative one if there is none. */
  before(k: number, shown: Shown): [base: History, checkpoint: number] {
    return [baseOf(this as History, shown), beforeOf(this, k, shown)];
  }

  /** What checkpoint k is drawn from. */
  #needs = (k: number, shown = this.#shown): Need[] => needsOf(this, k, shown, this.#asks(shown));

  /** Whether the run that is subtracted, if it is another and nothing else tells the difference, is there too. */
  #isBaseThere(k: number, shown: Shown, isThere: (base: History, before: number) => boolean): boolean {
    return shown.quantity !== "against" || this.#asks(shown) || isThere(...this.before(k, shown));
  }

  /** Whether checkpoint k can be drawn now; what is still with the kernel is asked for. */
  isReady(k: number, quantity = this.#shown.quantity, reference = this.#shown.reference): boolean {
    if (!(k >= 0 && k < this.nCheckpoints)) return false;
    const shown: Shown = { quantity, reference };
    const isBaseReady = this.#isBaseThere(k, shown, (base, at) => base.isReady(at, "weights"));
    if (this.#windows.need(this.#needs(k, shown)) && isBaseReady) return true;
    // A kernel that does not answer does not keep rounded weights from being subtracted; the caption tells.
    const [base, before] = this.before(k, shown);
    if (quantity === "weights" || before < 0 || !this.#requests?.isLate) return false;
    return this.#windows.need([["weights", k]]) && base.#windows.need([["weights", before]]);
  }

  /** Whether checkpoint k is here; unlike isReady, asks for nothing. */
  isHere(k: number, quantity = this.#shown.quantity, reference = this.#shown.reference): boolean {
    const shown: Shown = { quantity, reference };
    const isBaseHere = this.#isBaseThere(k, shown, (base, at) => base.isHere(at, "weights"));
    return isBaseHere && this.#needs(k, shown).every((need) => this.#windows.isHere(need));
  }

  /** How many checkpoints are here; the others are still with the kernel. */
  get nLoaded(): number {
    const isAlone = this.#shown.quantity !== "against"; // another run's checkpoints come without our knowing
    if (this.#counted !== null && isAlone) return this.#counted;
    this.#counted = 0;
    for (let k = 0; k < this.nCheckpoints; k++) if (this.isHere(k)) this.#counted++;
    return this.#counted;
  }

  /** How it stands with what is fetched, in checkpoints of what is shown and in bytes that are kept. */
  get progress(): { loaded: number; wanted: number; bytes: number; isAsking: boolean; isLate: boolean } {
    const { nLoaded: loaded, nCheckpoints: wanted } = this;
    const { nOpen, isLate } = this.#requests ?? { nOpen: 0, isLate: false };
    return { loaded, wanted, bytes: this.store.nBytes, isAsking: nOpen > 0, isLate };
  }

  /**
   * The playhead is at checkpoint k. While playing, ask for some windows ahead of it, so that it does not wait; take
   * back what was asked for elsewhere.
   */
  prefetch(k: number, playing = true, loop = false): void {
    this.#isPlaying = playing;
    this.#windows.moveTo(k, loop, this.#needs(k));
    const ahead = playing ? this.#windows.about(k, N_AHEAD, loop).slice(1) : [];
    for (const first of ahead) this.#windows.need(this.#needs(first));
  }

  /** A parameter at a checkpoint; null if it was not recorded there (or is not here yet). For reading only. */
  parameter(name: string, k: number): Float32Array | null {
    return this.store.read("weights", storedName(this.network, name), k);
  }

  /** Write a bundle's links at checkpoint k to `out`; false if the parameter was not recorded there. */
  bundle(bundle: Bundle, k: number, out: Float32Array): boolean {
    const values = this.parameter(bundle.parameter, k);
    if (values) evaluateBundle(bundle, values, 0, out);
    else out.fill(Number.NaN);
    return values !== null;
  }

  /** Write a bundle's links of a quantity; false if it, or what it is the change from, was not recorded there. */
  change(bundle: Bundle, k: number, quantity: Quantity, reference: number, out: Float32Array): boolean {
    if (quantity === "weights") return this.bundle(bundle, k, out);
    const name = storedName(this.network, bundle.parameter);
    return this.#changes.write(bundle, name, changeAt(this, k, { quantity, reference }), out);
  }

  /** Whether a parameter, and what its change is from, was recorded at checkpoint k. */
  isRecorded(parameter: string, k: number, quantity: Quantity, reference: number): boolean {
    const name = storedName(this.network, parameter);
    return this.#changes.isRecorded(name, changeAt(this, k, { quantity, reference }));
  }

  /** Whether a change that is shown at checkpoint k comes from subtracting rounded weights. */
  isRounded(k: number): boolean {
    if (!isCoarse(this, this.#shown)) return false;
    const change = changeAt(this, k, this.#shown);
    const changes = this.#changes;
    return this.#windows.wantedNames.some((n) => changes.isRecorded(n, change) && !changes.has(n, change));
  }

  /** The stored history of one link, (n_checkpoints,), NaN where it is not recorded or not here. */
  stored(bundle: Bundle, target: number, source: number, ...what: [Quantity?, number?]): Float64Array {
    const [quantity = "weights", reference = 0] = what;
    const entries = linkEntries(bundle, target, source);
    const name = storedName(this.network, bundle.parameter);
    const at = (k: number) =>
      this.#changes.link(bundle, name, entries, changeAt(this, k, { quantity, reference }));
    return Float64Array.from({ length: this.nCheckpoints }, (_, k) => at(k));
  }

  get isExact(): boolean {
    return this.precision === "float32" && this.#isWhole;
  }

  /** The exact histories of parameter entries from the kernel, (n_checkpoints, n_entries). */
  exact(parameter: string, entries: number[]): Promise<Float64Array> {
    if (!this.#requests) return Promise.reject(new Error("there is no kernel behind this page"));
    return this.#requests.exact(this.name, parameter, entries);
  }

  /** ||w(t) - w(t-1)|| over all parameters that both have, (n_checkpoints,), NaN where it is not known (yet). */
  updateSizes(): number[] {
    if (!this.summaries.isEmpty) return [...this.summaries.over("update_norm")];
    const { wantedNames } = this.#windows;
    return Array.from({ length: this.nCheckpoints }, (_, k) => this.#changes.size(k, wantedNames));
  }

  get hasValues(): boolean {
    return !this.store.isEmpty || !this.summaries.isEmpty;
  }
}
