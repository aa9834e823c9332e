// The graph's part of the legend: every scale that links are drawn on, with its domain.
import type { Layout } from "../../layout";
import type { Network } from "../../network";
import { opacityExponent } from "../../scale";
import type { Legend } from "../context";
import type { Links, Tally } from "./links";

export function graphLegend(network: Network, layout: Layout, links: Links, tally: Tally, k: number): Legend {
  const scales = new Map<string, Legend["scales"][number]>();
  for (const bundle of links.bundles) {
    const label = links.scaleLabel(bundle);
    const nClipped = links.countClipped(bundle, k) + (scales.get(label)?.nClipped ?? 0);
    scales.set(label, { label, domain: links.domain(bundle, k), signed: links.isSigned(bundle), nClipped });
  }
  return {
    scales: [...scales.values()],
    maxLineWidth: layout.maxLineWidth,
    exponent: opacityExponent(links.n),
    nOdd: tally.odd,
    nMissing: tally.missing,
    ports: [...new Set(network.groups.flatMap((group) => group.ports))],
  };
}
