// The graph's part of the legend: every scale that links are drawn on, with its domain.

import type { Tally } from "../../images/plan";
import type { Layout } from "../../layout";
import type { Network } from "../../network";
import { opacityExponent } from "../../scale";
import type { Legend } from "../context";
import type { Links } from "./links";

export function graphLegend(network: Network, layout: Layout, links: Links, tally: Tally, k: number): Legend {
  const scales = new Map<string, Legend["scales"][number]>();
  for (const bundle of links.bundles) {
    const label = links.scaleLabel(bundle);
    const signed = links.isSigned(bundle) || (scales.get(label)?.signed ?? false);
    scales.set(label, { label, domain: links.domain(bundle, k), signed });
  }
  for (const { exhibit } of layout.places.values())
    if (exhibit) {
      const label = `${links.scaleLabel(exhibit.bundle)} portraits`;
      const signed = links.isSigned(exhibit.bundle);
      scales.set(label, { label, domain: links.domain(exhibit.bundle, k), signed });
    }
  return {
    scales: [...scales.values()],
    hasSigned: links.bundles.some((bundle) => links.isSigned(bundle)),
    hasUnsigned: links.bundles.some((bundle) => !links.isSigned(bundle)),
    maxLineWidth: layout.maxLineWidth,
    exponent: opacityExponent(links.n),
    nOdd: tally.odd,
    nMissing: tally.missing,
    ports: [...new Set(network.groups.flatMap((group) => group.ports))],
  };
}
