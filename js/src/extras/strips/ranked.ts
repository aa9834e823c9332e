// How strong links were over the history: which of very many have a strip. No drawing.
import type { History } from "../../history";
import type { Bundle } from "../../network";
import type { StripLinks } from "../../views/context";
import type { StrengthOf } from "./rows";

const MOST_CHECKPOINTS = 64;
const GROWTH = 1.25; // of a live history, until which the ranking stays

/** The checkpoints that strengths are of: all of a short history, evenly spaced ones of a long one, that are here. */
export function rankedCheckpoints({
  nCheckpoints,
  isHere,
}: Pick<History, "nCheckpoints" | "isHere">): number[] {
  let n = Math.min(nCheckpoints, MOST_CHECKPOINTS);
  while (nCheckpoints >= Math.ceil(n * GROWTH) && n >= MOST_CHECKPOINTS) n = Math.ceil(n * GROWTH);
  const count = Math.min(n, MOST_CHECKPOINTS);
  const spaced = Array.from({ length: count }, (_, i) => Math.round((i * (n - 1)) / Math.max(1, count - 1)));
  return spaced.filter((k) => isHere(k));
}

/** The largest |w| of each link of a bundle over some checkpoints; found once. */
export function strengths(links: StripLinks, checkpoints: number[]): StrengthOf {
  const known = new Map<Bundle, Float32Array>();
  const find = (bundle: Bundle): Float32Array => {
    const values = new Float32Array(bundle.shape[0] * bundle.shape[1]);
    const most = new Float32Array(values.length);
    for (const k of checkpoints) {
      if (!links.evaluate(bundle, k, values)) continue;
      for (let i = 0; i < most.length; i++) {
        const size = Number.isFinite(values[i]) ? Math.abs(values[i]) : Number.POSITIVE_INFINITY;
        if (size > most[i]) most[i] = size;
      }
    }
    return most;
  };
  return (bundle) => {
    if (!known.has(bundle)) known.set(bundle, find(bundle));
    return known.get(bundle)!;
  };
}
