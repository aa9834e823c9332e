// The entries behind one link over time (a kernel, a flattened sequence): their values, domain and range. No drawing.
import { sizeOf } from "../hierarchy";
import type { History } from "../history";
import { type Bundle, firstSource, linkEntries, linkEntry, restOffsets } from "../network";
import type { Options } from "../options";
import { domainOf } from "../scale";

const MOST_EXACT = 100_000; // values to ask the kernel for; of more, the stored ones are shown, marked ≈
const MOST_SAMPLED = 60_000; // values that a domain is of; more are sampled

type Values = ArrayLike<number>;
type Quantity = Pick<Options, "quantity" | "reference">;

/** All entries, whatever the reader's choice of how they become one number. */
const unreduced = (bundle: Bundle): Bundle => ({ ...bundle, reduce: "l2", index: null });

export class LinkEntries {
  readonly #history: History;
  readonly #bundle: Bundle;
  readonly #options: Quantity;
  /** Flat indices into the parameter. */
  readonly at: number[];
  #exact: Float64Array | null = null;

  constructor(
    history: History,
    bundle: Bundle,
    [target, source]: [number, number],
    options: Quantity,
    arrived: () => void,
  ) {
    this.#history = history;
    this.#bundle = bundle;
    this.#options = options;
    this.at = linkEntries(unreduced(bundle), target, source);
    const isOther = options.quantity === "against"; // whose numbers would be rounded
    if (history.isExact || isOther || this.at.length * history.nCheckpoints > MOST_EXACT) return;
    history.exact(bundle.parameter, this.at).then(
      (all) => {
        this.#exact = all;
        arrived();
      },
      () => {}, // without a kernel the stored values stay, marked ≈
    );
  }

  get isExact(): boolean {
    const base = this.#history.before(0, this.#options)[0];
    return (this.#history.isExact && base.isExact) || this.#exact !== null;
  }

  #weights(k: number, history = this.#history): Values | null {
    const stored = k < 0 ? null : history.parameter(this.#bundle.parameter, k);
    if (this.#exact && k >= 0 && (stored || !history.isHere(k)))
      return this.#exact.subarray(k * this.at.length, (k + 1) * this.at.length);
    return stored && this.at.map((entry) => stored[entry]);
  }

  /** The shown quantity of each entry at checkpoint k; null where it was not recorded, or is not here. */
  read(k: number): Values | null {
    const now = this.#weights(k);
    if (this.#options.quantity === "weights" || !now) return now;
    const [base, at] = this.#history.before(k, this.#options);
    const before = this.#weights(at, base);
    return before && Array.from(now, (value, i) => value - before[i]);
  }
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** The domain of a bundle's entries over the whole history: symmetric, as for links. */
export function entriesDomain(history: History, bundle: Bundle, options: Quantity): number {
  const rest = restOffsets(unreduced(bundle));
  const perCheckpoint = sizeOf(bundle.shape);
  const total = perCheckpoint * history.nCheckpoints;
  let step = Math.ceil(total / MOST_SAMPLED);
  while (step > 1 && gcd(step, perCheckpoint) > 1) step++; // else it would meet the same entries of all kernels
  const values = new Float32Array(Math.ceil(total / step)).fill(Number.NaN);
  for (let m = 0, s = 0; m < total; m += step, s++) {
    const k = Math.floor(m / perCheckpoint);
    const link = Math.floor((m % perCheckpoint) / rest.length);
    const target = Math.floor(link / bundle.shape[1]);
    const source = firstSource(bundle, target) + (link % bundle.shape[1]);
    const entry = linkEntry(bundle, rest, target, source, m % rest.length);
    const [base, at] = history.before(k, options);
    const now = history.parameter(bundle.parameter, k)?.[entry] ?? Number.NaN;
    const then = () => base.parameter(bundle.parameter, at)?.[entry] ?? Number.NaN;
    const before = options.quantity === "weights" ? 0 : then();
    values[s] = now - before;
  }
  return domainOf([values]);
}

/** The domains of bundles' entries, each worked out once; a growing history only grows them. */
export class EntriesDomains {
  readonly #known = new Map<string, { domain: number; n: number }>();

  of(history: History, bundle: Bundle, options: Quantity): number {
    const key = JSON.stringify([
      bundle.id,
      options.quantity,
      options.reference,
      history.name,
      history.revision,
    ]);
    const before = this.#known.get(key);
    let n = 0; // checkpoints of which the values are here, decoded
    for (let k = 0; k < history.nCheckpoints; k++)
      if (history.isRecorded(bundle.parameter, k, "weights", 0)) n++;
    if (before?.n === n) return before.domain;
    const domain = Math.max(before?.domain ?? 0, entriesDomain(history, bundle, options));
    this.#known.set(key, { domain, n });
    return domain;
  }
}
