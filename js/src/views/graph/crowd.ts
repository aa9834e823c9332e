// Which links of a crowded layer stay strong: its strongest, and each unit's strongest. The others step back.
import { MOST_LINKS } from "../../layout";
import type { Links } from "./links";

const N_STRONG = 500;

/** Links by target group, as the numbers of their bundles. */
function bundlesByTarget(links: Links): Map<string, number[]> {
  const targets = new Map<string, number[]>();
  links.bundles.forEach((bundle, b) => {
    targets.set(bundle.target, [...(targets.get(bundle.target) ?? []), b]);
  });
  return targets;
}

/** Keep the strongest link of each target and each source unit of a bundle. */
function keepOnePerUnit(links: Links, b: number, sizes: Float32Array, strong: Uint8Array): void {
  const [nTarget, nSource] = links.bundles[b].shape;
  const start = links.starts[b];
  const bestOf = (n: number, at: (i: number) => number): void => {
    let best = at(0);
    for (let i = 1; i < n; i++) if (sizes[at(i)] > sizes[best]) best = at(i);
    strong[best] = 1;
  };
  for (let j = 0; j < nTarget; j++) bestOf(nSource, (i) => start + j * nSource + i);
  for (let i = 0; i < nSource; i++) bestOf(nTarget, (j) => start + j * nSource + i);
}

/** 1 for links that stay strong, (n,), and how many step back; null if no layer is crowded. */
export function strongLinks(
  links: Links,
  buckets: Uint8Array,
  k: number,
): { strong: Uint8Array; nFaint: number } | null {
  const crowded = [...bundlesByTarget(links).values()].filter((numbers) => {
    let n = 0;
    for (const b of numbers)
      for (let i = links.starts[b]; i < links.starts[b + 1]; i++) if (buckets[i] > 0) n++;
    return n > MOST_LINKS;
  });
  if (crowded.length === 0) return null;
  const sizes = links.values(k).map(Math.abs);
  const strong = new Uint8Array(links.n).fill(1);
  for (const numbers of crowded) {
    const drawn: number[] = [];
    for (const b of numbers)
      for (let i = links.starts[b]; i < links.starts[b + 1]; i++)
        if (buckets[i] > 0 && sizes[i] >= 0) drawn.push(i);
    const ranked = Float32Array.from(drawn, (i) => sizes[i]).sort();
    const least = ranked[Math.max(0, ranked.length - N_STRONG)];
    for (const i of drawn) if (sizes[i] < least) strong[i] = 0;
    for (const b of numbers) keepOnePerUnit(links, b, sizes, strong);
  }
  let nFaint = 0;
  for (let i = 0; i < links.n; i++) if (buckets[i] > 0 && !strong[i]) nFaint++;
  return { strong, nFaint };
}
