// Every link's bucket (kind and level; 0 = not drawn) at a checkpoint, and what was counted on the way.
import { bucketOf, N_LEVELS, NEGATIVE, ODD, POSITIVE, UNSIGNED } from "../scale";
import type { Order, Plan, Strip, Tally } from "./plan";

type Looks = Pick<Plan, "strips" | "threshold" | "signs">;
type Values = Pick<Order, "values" | "domains" | "missing">;

const ODD_BUCKET = bucketOf(ODD, N_LEVELS - 1);

export function classifyLinks(looks: Looks, order: Values): { buckets: Uint8Array; tally: Tally } {
  const buckets = new Uint8Array(order.values.length);
  const tally: Tally = {
    drawn: 0,
    filtered: 0,
    away: 0,
    clipped: 0,
    odd: 0,
    missing: 0,
    shaded: 0,
    share: 1,
  };
  looks.strips.forEach((strip, s) => {
    const count = strip.nTarget * strip.nSource;
    if (!strip.shown) tally.filtered += count;
    else if (order.missing[s]) tally.missing += count;
    else classifyStrip(strip, looks, order.values, order.domains[s], buckets, tally);
  });
  return { buckets, tally };
}

function classifyStrip(
  { start, nTarget, nSource, signed, from, to }: Strip,
  { threshold, signs }: Looks,
  values: Float32Array,
  domain: number,
  buckets: Uint8Array,
  tally: Tally,
): void {
  const floor = threshold * domain;
  const hides = { negative: signed && !signs.includes("-"), positive: signed && !signs.includes("+") };
  const scale = domain > 0 ? N_LEVELS / domain : 0;
  const isAway = Array.from({ length: nSource }, (_, i) => Number.isNaN(from[2 * i + 1]));
  for (let j = 0, link = start; j < nTarget; j++) {
    const isTargetAway = Number.isNaN(to[2 * j + 1]);
    for (let i = 0; i < nSource; i++, link++) {
      const value = values[link];
      const size = Math.abs(value);
      if (isAway[i] || isTargetAway) {
        tally.away++;
        continue;
      }
      if (!(size < Number.POSITIVE_INFINITY)) {
        buckets[link] = ODD_BUCKET;
        tally.odd++;
      } else if (size < floor || (value < 0 && hides.negative) || (value > 0 && hides.positive)) {
        tally.filtered++;
        continue;
      } else {
        const level = size >= domain && domain > 0 ? N_LEVELS - 1 : Math.floor(size * scale);
        const kind = signed ? (value < 0 ? NEGATIVE : POSITIVE) : UNSIGNED;
        buckets[link] = bucketOf(kind, Math.min(N_LEVELS - 1, level));
        if (size > domain) tally.clipped++;
      }
      tally.drawn++;
    }
  }
}
