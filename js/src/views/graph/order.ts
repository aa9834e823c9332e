// The order of units in their columns: as in the model, by the sum of their weights, or as Python computed it.
// Fixed over playback and growth: it changes when the reader asks for another.
import { missingOrder } from "../../bands";
import type { History } from "../../history";
import { isOneByOne } from "../../layout";
import { firstSource, type Network } from "../../network";
import type { Options } from "../../options";
import { withReduce } from "./links";

/** Unit indices from top to bottom by group; a group that is absent is in the model's order. */
export type Order = ReadonlyMap<string, Int32Array>;

const MODEL: Order = new Map();

/** Sum of each unit's incoming weights (outgoing, for inputs) at checkpoint k, (n_units,). */
function unitSums(
  network: Network,
  history: History,
  options: Options,
  group: string,
  k: number,
): Float64Array | null {
  const isInput = !network.bundles.some((bundle) => bundle.target === group && !isOneByOne(bundle));
  let sums: Float64Array | null = null;
  for (const raw of network.bundles) {
    if (isOneByOne(raw) || (isInput ? raw.source : raw.target) !== group) continue;
    const bundle = withReduce(raw, options);
    const [nTarget, nSource] = bundle.shape;
    const values = new Float32Array(nTarget * nSource);
    if (!history.bundle(bundle, k, values)) continue;
    sums ??= new Float64Array(isInput ? nSource * (bundle.blocks ?? 1) : nTarget);
    for (let i = 0; i < values.length; i++) {
      const target = Math.floor(i / nSource);
      const unit = isInput ? firstSource(bundle, target) + (i % nSource) : target;
      if (Number.isFinite(values[i])) sums[unit] += values[i];
    }
  }
  return sums;
}

/** By sum at checkpoint k. A grid stays as it is; h(t-1) follows the group that it delays. */
export function orderBySum(network: Network, history: History, options: Options, k: number): Order {
  const order = new Map<string, Int32Array>();
  for (const group of network.groups) {
    if (group.role === "bias" || group.role === "box" || group.delayed_of || group.grid) continue;
    const sums = unitSums(network, history, options, group.id, k);
    if (sums)
      order.set(
        group.id,
        Int32Array.from(sums.keys()).sort((a, b) => sums[b] - sums[a]),
      );
  }
  for (const group of network.groups)
    if (group.delayed_of && order.has(group.delayed_of)) order.set(group.id, order.get(group.delayed_of)!);
  return order;
}

const WORDS: Record<Exclude<Options["order"], "model">, string> = {
  sum: "by the sum of their incoming weights",
  correlation: "by correlation of incoming weights",
  crossings: "so that strong links cross less,",
};

/** The order that one display shows: the same object until another is asked for, and is there. */
export class UnitOrder {
  #order = MODEL;
  #source: unknown = "model"; // what it was made of
  #checkpoint = 0;
  #isWaiting = false;
  #hasKernel = true;

  read(network: Network, history: History, options: Options): Order {
    const { order, reduce, rest_index } = options;
    if (order === "model") return this.#take(order, () => MODEL, 0);
    if (order === "sum") {
      const [first] = history.peers; // of several runs the same, so that their units stand side by side
      const last = first.nCheckpoints - 1;
      this.#isWaiting = !first.hasValues || !first.isHere(last, "weights");
      if (this.#isWaiting) return this.#order;
      const source = `sum ${reduce} ${rest_index} ${first.revision}`;
      return this.#take(source, () => orderBySum(network, first, options, last), last);
    }
    const computed = history.orders[order];
    this.#isWaiting = computed === undefined;
    this.#hasKernel = history.hasKernel;
    if (this.#isWaiting) return this.#order;
    const arrays = () => Object.entries(computed.groups).map(([id, units]) => [id, Int32Array.from(units)]);
    return this.#take(computed, () => new Map(arrays() as [string, Int32Array][]), computed.checkpoint);
  }

  #take(source: unknown, make: () => Order, checkpoint: number): Order {
    this.#isWaiting = false;
    if (source === this.#source) return this.#order;
    this.#source = source;
    this.#checkpoint = checkpoint;
    this.#order = make();
    return this.#order;
  }

  /** For the caption; null in the model's order. */
  words({ order }: Options): string | null {
    if (order === "model") return null;
    if (this.#isWaiting) return missingOrder(this.#hasKernel);
    return `units ordered ${WORDS[order]} at checkpoint ${this.#checkpoint + 1}`;
  }
}
