// The order of units in their columns: as in the model, or by the sum of their weights. Fixed over playback.
import type { History } from "../../history";
import { type Bundle, firstSource, type Network } from "../../network";
import type { Options } from "../../options";
import { withReduce } from "./links";

const isOneByOne = ({ role }: Bundle) => role === "bias" || role === "norm";

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

/** Unit indices from top to bottom by group; empty in model order. h(t-1) follows the group that it delays. */
export function unitOrder(network: Network, history: History, options: Options): Map<string, Int32Array> {
  const order = new Map<string, Int32Array>();
  if (options.order === "model") return order;
  const last = history.nCheckpoints - 1;
  for (const group of network.groups) {
    if (group.role === "bias" || group.role === "box" || group.delayed_of) continue;
    const sums = unitSums(network, history, options, group.id, last);
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
