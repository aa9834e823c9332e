// The links of the graph at a checkpoint: their values, domains and buckets. No drawing.
import type { History } from "../../history";
import type { Touched } from "../../images/plan";
import { type Bundle, firstSource, isFlattened, isNorm, type Network } from "../../network";
import type { Options } from "../../options";
import { domainOf } from "../../scale";
import type { Scaled } from "../context";
import type { Focus } from "./focus";

/** Apply the reader's choice of how rest dimensions (a Flatten's time steps) become one number. */
export function withReduce(bundle: Bundle, options: Options): Bundle {
  if (!isFlattened(bundle)) return bundle;
  const index = options.reduce === "index" ? [Math.min(options.rest_index, bundle.shape[2] - 1)] : null;
  return { ...bundle, reduce: options.reduce, index };
}

const isSigned = (bundle: Bundle, options: Options) => !isNorm(bundle) || options.quantity !== "weights";

const MOST_VALUES = 500_000; // that a domain is found from
const STEP_LINKS = 50_000; // that are evaluated in a frame of their own

/** What work that gives way comes to, done without giving way. */
export function atOnce<T>(steps: Generator<void, T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** The part of a bundle that goes to every `step`-th target from `first` on; of one with jumps all, or nothing. */
function everyTarget(bundle: Bundle, step: number, first: number): Bundle {
  const [nTarget, ...rest] = bundle.shape;
  if (bundle.block_stride || bundle.units) return first === 0 ? bundle : { ...bundle, shape: [0, ...rest] };
  const shape = [Math.max(0, Math.ceil((nTarget - first) / step)), ...rest];
  const strides = [bundle.strides[0] * step, ...bundle.strides.slice(1)];
  return { ...bundle, blocks: 1, shape, strides, offset: bundle.offset + first * bundle.strides[0] };
}

/** Roles whose links have a scale of their own, and what it is called after the layer's name. */
const APART: Partial<Record<Bundle["role"], string>> = { bias: " biases", norm: " norms" };

/** Another number after any run was revised; NaN, which equals nothing, as long as some have not come. */
const revisionOf = ({ peers }: History): number =>
  peers.reduce((sum, { revision, hasValues }) => sum + (peers[1] && !hasValues ? Number.NaN : revision), 0);

function* chained<T>(lists: Iterable<T>[]): Iterable<T> {
  for (const list of lists) yield* list;
}

export class Links {
  readonly #network: Network;
  readonly #history: History;
  readonly #options: Options;
  readonly #grownFrom: Links["domains"];
  readonly bundles: Bundle[];
  readonly starts: Uint32Array;
  readonly #firstStrips: Uint32Array; // a bundle has one strip for each block
  readonly n: number;
  /** Whose domains these links are drawn on, where it is not their own. */
  scaledAs: Scaled | null = null;
  readonly domains = new Map<string, { domain: number; seen: Set<number> }>();
  readonly #revision: number;
  readonly #cache = new Map<number, Float32Array>();
  readonly #layers: Map<string, string>; // group -> its layer

  constructor(
    network: Network,
    history: History,
    options: Options,
    drawable: (bundle: Bundle) => boolean,
    grownFrom: Links["domains"],
  ) {
    this.#network = network;
    this.#history = history;
    this.#options = options;
    this.#revision = revisionOf(history);
    this.#grownFrom = grownFrom;
    this.#layers = new Map(network.groups.map((group) => [group.id, group.layer]));
    this.bundles = network.bundles.map((bundle) => withReduce(bundle, options)).filter(drawable);
    this.starts = new Uint32Array(this.bundles.length + 1);
    this.#firstStrips = new Uint32Array(this.bundles.length + 1);
    this.bundles.forEach((bundle, b) => {
      this.#firstStrips[b + 1] = this.#firstStrips[b] + (bundle.blocks ?? 1);
      this.starts[b + 1] = this.starts[b] + bundle.shape[0] * bundle.shape[1];
    });
    this.n = this.starts[this.bundles.length];
  }

  /** The domains that later ones grow from; none if a run was revised, or had not come yet. */
  get lasting(): Links["domains"] {
    return revisionOf(this.#history) === this.#revision ? this.domains : new Map();
  }

  /** A bundle's links of the shown quantity at checkpoint k; false if they were not recorded. */
  evaluate(bundle: Bundle, k: number, out: Float32Array, history = this.#history): boolean {
    const { quantity, reference } = this.#options;
    return history.change(bundle, k, quantity, reference, out);
  }

  /** The values of all links at checkpoint k, (n,); a link that was not recorded is NaN and counted as missing. */
  values(k: number): Float32Array {
    return atOnce(this.prepare(k));
  }

  /** The same, giving way after each large step. */
  *prepare(k: number): Generator<void, Float32Array> {
    const known = this.#cache.get(k);
    if (known) return known;
    const values = new Float32Array(this.n);
    for (const [b, bundle] of this.bundles.entries()) {
      const isLarge = this.starts[b + 1] - this.starts[b] > STEP_LINKS;
      if (isLarge) yield void this.#history.parameter(bundle.parameter, k); // it is kept for a while
      this.evaluate(bundle, k, values.subarray(this.starts[b], this.starts[b + 1]));
      if (isLarge) yield;
    }
    if (this.#cache.size > 8) this.#cache.delete(this.#cache.keys().next().value!);
    this.#cache.set(k, values);
    return values;
  }

  isMissing(bundle: Bundle, k: number): boolean {
    const { quantity, reference } = this.#options;
    return !this.#history.isRecorded(bundle.parameter, k, quantity, reference);
  }

  isSigned(bundle: Bundle): boolean {
    return isSigned(bundle, this.#options);
  }

  #keyOf(bundle: Bundle): string {
    const kind = APART[bundle.role] ?? "";
    if (this.#options.scale === "global") return `all layers${kind}`;
    return this.#layerOf(bundle) + kind;
  }

  /** What the legend calls the scale that a bundle is drawn on. */
  scaleLabel(bundle: Bundle): string {
    const kind = APART[bundle.role] ?? "";
    if (this.#options.scale === "global") return `all${kind || " layers"}`;
    return this.#layerOf(bundle) + kind;
  }

  #layerOf(bundle: Bundle): string {
    return this.#layers.get(bundle.target)!;
  }

  /**
   * The domain of a bundle: symmetric about zero, biases apart, over the whole history (of all runs) unless asked per checkpoint.
   * What is appended or fetched later only grows it: to the quantile of what is new, if that is larger.
   */
  domain(bundle: Bundle, k: number): number {
    if (this.scaledAs) return this.scaledAs.domain(bundle, k);
    const { scale, quantity, reference, reduce, rest_index } = this.#options;
    const perCheckpoint = scale === "checkpoint";
    const name = this.#keyOf(bundle);
    const key = [scale, quantity, reference, reduce, rest_index, name, perCheckpoint ? k : ""].join("|");
    const known = this.domains.get(key);
    if (known) return known.domain;
    const before = perCheckpoint ? undefined : this.#grownFrom.get(key);
    const seen = new Set(before?.seen);
    const runs = quantity === "against" || perCheckpoint ? [this.#history] : this.#history.peers;
    let domain = before?.domain ?? 0;
    const values = runs.map((history, run) => {
      const number = (at: number) => at * runs.length + run; // of a checkpoint among those of all runs
      const isNew = (at: number) => history.isHere(at) && !seen.has(number(at));
      const ks = perCheckpoint ? [k] : [...Array(history.nCheckpoints).keys()].filter(isNew);
      for (const at of ks) seen.add(number(at));
      return this.#allValues(name, ks, history);
    });
    domain = Math.max(domain, domainOf(chained(values)));
    this.domains.set(key, { domain, seen });
    return domain;
  }

  /** The values that a domain is the quantile of: all, or of very many every so manieth target's. */
  *#allValues(name: string, ks: number[], history: History): Iterable<Float32Array> {
    const bundles = this.#network.bundles
      .map((bundle) => withReduce(bundle, this.#options))
      .filter((bundle) => this.#keyOf(bundle) === name);
    const total = ks.length * bundles.reduce((n, { shape }) => n + shape[0] * shape[1], 0);
    const step = Math.ceil(total / MOST_VALUES);
    for (const bundle of bundles)
      for (const k of ks) {
        const some = everyTarget(bundle, step, k % step);
        const out = new Float32Array(some.shape[0] * some.shape[1]);
        if (this.evaluate(some, k, out, history)) yield out;
      }
  }

  /** Whether the reader's switches let a bundle through. */
  isShown(bundle: Bundle): boolean {
    const { roles, gates } = this.#options;
    return (
      roles.includes(bundle.role) && (bundle.port === null || gates === null || gates.includes(bundle.port))
    );
  }

  /** What changes of the scales from one checkpoint to the next: domains, and bundles that were not recorded. */
  scales(k: number): { domains: Float64Array; missing: Uint8Array } {
    const domains = new Float64Array(this.#firstStrips[this.bundles.length]);
    const missing = new Uint8Array(domains.length);
    this.bundles.forEach((bundle, b) => {
      domains.fill(this.domain(bundle, k), this.#firstStrips[b], this.#firstStrips[b + 1]);
      missing.fill(+this.isMissing(bundle, k), this.#firstStrips[b], this.#firstStrips[b + 1]);
    });
    return { domains, missing };
  }

  /** The bundle, target and source of link i. */
  link(i: number): { bundle: Bundle; target: number; source: number } {
    let b = 0;
    while (this.starts[b + 1] <= i) b++;
    const bundle = this.bundles[b];
    const inside = i - this.starts[b];
    const target = Math.floor(inside / bundle.shape[1]);
    return { bundle, target, source: firstSource(bundle, target) + (inside % bundle.shape[1]) };
  }

  /** The number of a link, or -1 where its bundle is not on the stage. */
  indexOf(bundle: string, target: number, source: number): number {
    const b = this.bundles.findIndex((other) => other.id === bundle);
    if (b < 0) return -1;
    const i = source - firstSource(this.bundles[b], target);
    return i < 0 || i >= this.bundles[b].shape[1]
      ? -1
      : this.starts[b] + target * this.bundles[b].shape[1] + i;
  }

  /** Which links a focus touches, or null where nothing is to step back for it. */
  touched(focus: Focus | null): Touched[] | null {
    if (!focus) return null;
    const { link } = focus;
    const of = link ? this.bundles.findIndex(({ id }) => id === link.bundle) : -1;
    if (link && of < 0) return null; // it is not on the stage
    const touched: Touched[] = link ? [this.#touch(of, link.target, link.source)] : [];
    for (const { group, unit } of focus.units)
      this.bundles.forEach((bundle, b) => {
        if (bundle.target === group) touched.push(this.#touch(b, unit, -1));
        if (bundle.source === group) touched.push(this.#touch(b, -1, unit));
      });
    return touched;
  }

  /** Units of a bundle as units of the strip that their block has. */
  #touch(b: number, target: number, source: number): Touched {
    const { shape, blocks = 1 } = this.bundles[b];
    const nTarget = shape[0] / blocks;
    const block = Math.floor(target < 0 ? source / shape[1] : target / nTarget);
    const inBlock = (unit: number, n: number) => (unit < 0 ? -1 : unit - block * n);
    return {
      strip: this.#firstStrips[b] + block,
      target: inBlock(target, nTarget),
      source: inBlock(source, shape[1]),
    };
  }
}
