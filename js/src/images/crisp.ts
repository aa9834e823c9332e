// Which links are drawn as crisp lines. Where too many run into one group, its strongest and each unit's strongest;
// the others are in the shading, which holds them all.
import type { Plan, Strip, Tally } from "./plan";

export const MOST_CRISP = 3000; // links into one group
const MOST_IN_ALL = 12_000;
const FEW = 600; // what a group may still have where all groups together have too many
const N_STRONG = 500;

/** `links` is 1 for those drawn crisp, (n,); `crowds` are those whose links are shaded, too. */
export interface Crisp {
  links: Uint8Array;
  crowds: Set<number>;
}

/** Which links are drawn crisp, or null if all are; says in the tally how much is shaded only. */
export function crispLinks(
  strips: Plan["strips"],
  values: Float32Array,
  buckets: Uint8Array,
  mask: Uint8Array | null,
  tally: Tally,
): Crisp | null {
  const wanted = mask ? buckets.map((bucket, i) => bucket * mask[i]) : buckets;
  const counts = countByCrowd(strips, wanted);
  const all = counts.reduce((sum, n) => sum + n, 0);
  const most = all > MOST_IN_ALL ? FEW : MOST_CRISP;
  if (!mask && counts.every((n) => n <= most)) return null;
  const links = new Uint8Array(buckets.length);
  const crowds = new Set(counts.keys());
  counts.forEach((n, crowd) => {
    if (n <= most && !mask) crowds.delete(crowd);
    const own = strips.filter((strip) => strip.crowd === crowd);
    if (n > most) keepStrongest(own, values, wanted, links);
    else for (const strip of own) keepAll(strip, wanted, links);
  });
  if (!mask || isCrowded(strips)) tellShares(values, buckets, links, tally);
  return { links, crowds };
}

/** Whether some group has so many links that most of them are in the shading, if no filter hides them. */
export function isCrowded(strips: Strip[]): boolean {
  const counts = new Map<number, number>();
  for (const { crowd, shown, nTarget, nSource, from } of strips) {
    const nAway = from.filter((y, i) => i % 2 === 1 && Number.isNaN(y)).length;
    counts.set(crowd, (counts.get(crowd) ?? 0) + (shown ? nTarget * (nSource - nAway) : 0));
  }
  const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
  const most = all > MOST_IN_ALL ? FEW : MOST_CRISP;
  return [...counts.values()].some((n) => n > most);
}

const lengthOf = ({ nTarget, nSource }: Strip): number => nTarget * nSource;

function countByCrowd(strips: Strip[], wanted: Uint8Array): number[] {
  const counts: number[] = new Array(1 + strips.reduce((most, { crowd }) => Math.max(most, crowd), -1)).fill(
    0,
  );
  for (const strip of strips) {
    const stop = strip.start + lengthOf(strip);
    let n = 0;
    for (let i = strip.start; i < stop; i++) if (wanted[i] > 0) n++;
    counts[strip.crowd] += n;
  }
  return counts;
}

function keepAll(strip: Strip, wanted: Uint8Array, links: Uint8Array): void {
  const stop = strip.start + lengthOf(strip);
  for (let i = strip.start; i < stop; i++) if (wanted[i] > 0) links[i] = 1;
}

/** The strongest links of a crowd, and the strongest one of each of its target and source units. */
function keepStrongest(strips: Strip[], values: Float32Array, wanted: Uint8Array, links: Uint8Array): void {
  const least = sizeOfRank(strips, values, wanted, N_STRONG);
  for (const { start, nTarget, nSource } of strips) {
    const ofSource = new Int32Array(nSource).fill(-1);
    const sizes = new Float32Array(nSource);
    for (let j = 0, link = start; j < nTarget; j++) {
      let [ofTarget, largest] = [-1, -1];
      for (let i = 0; i < nSource; i++, link++) {
        if (wanted[link] === 0) continue;
        const size = Math.abs(values[link]);
        if (size >= least) links[link] = 1;
        if (size > largest) {
          largest = size;
          ofTarget = link;
        }
        if (size > sizes[i] || ofSource[i] < 0) {
          sizes[i] = size;
          ofSource[i] = link;
        }
      }
      if (ofTarget >= 0) links[ofTarget] = 1;
    }
    for (const link of ofSource) if (link >= 0) links[link] = 1;
  }
}

/**
 * The size that about `rank` links reach. The bits of a positive float grow with it, so that a histogram of their
 * upper half (within 0.4 % of the size) finds it in one pass.
 */
function sizeOfRank(strips: Strip[], values: Float32Array, wanted: Uint8Array, rank: number): number {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const bins = new Uint32Array(65_536);
  for (const strip of strips) {
    const stop = strip.start + lengthOf(strip);
    for (let i = strip.start; i < stop; i++) if (wanted[i] > 0) bins[(bits[i] & 0x7fff_ffff) >>> 15]++;
  }
  const infinity = 0x7f80_0000 >>> 15;
  let n = 0;
  for (let bin = infinity - 1; bin >= 0; bin--) {
    n += bins[bin];
    if (n > rank) return floatOf((bin + 1) << 15); // this bin would make it too many
  }
  return 0;
}

const floatOf = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0];

function tellShares(values: Float32Array, buckets: Uint8Array, crisp: Uint8Array, tally: Tally): void {
  let [all, strong] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    if (buckets[i] === 0) continue;
    if (crisp[i] === 0) tally.shaded++;
    const size = Math.abs(values[i]);
    if (!(size < Number.POSITIVE_INFINITY)) continue;
    all += size;
    if (crisp[i] > 0) strong += size;
  }
  tally.share = all > 0 ? strong / all : 1;
}
