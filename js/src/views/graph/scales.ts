// The graph's part of the legend: every scale that links are drawn on, with its domain.

import type { Tally } from "../../images/plan";
import { halfSum } from "../../images/tones";
import { ticksOnStage } from "../../layout";
import type { Bundle } from "../../network";
import type { Options } from "../../options";
import { opacityExponent } from "../../scale";
import type { Legend, Shading, ViewContext } from "../context";
import type { Scene } from "./scene";

/** What the shading shows, or null where all links are lines. */
function shadingOf({ strips, layout, isCrowded }: Scene, { composite }: Options): Shading | null {
  return isCrowded ? { composite, half: halfSum(strips, layout.height) } : null;
}

export function graphLegend(
  { network, options }: Pick<ViewContext, "network" | "options">,
  scene: Scene,
  tally: Tally,
  k: number,
): Legend {
  const { layout, links } = scene;
  const scales = new Map<string, Legend["scales"][number]>();
  const add = (label: string, bundle: Bundle): void => {
    const signed = links.isSigned(bundle) || (scales.get(label)?.signed ?? false);
    scales.set(label, { label, domain: links.domain(bundle, k), signed });
  };
  const ticked = ticksOnStage(layout).filter((bundle) => links.isShown(bundle));
  for (const bundle of links.bundles) add(links.scaleLabel(bundle), bundle);
  for (const bundle of ticked) add(`${links.scaleLabel(bundle)} (ticks)`, bundle);
  for (const { exhibit } of layout.places.values())
    if (exhibit) {
      add(`${links.scaleLabel(exhibit.bundle)} portraits`, exhibit.bundle);
      const label = `${exhibit.source} image (grey: root mean square over units)`;
      scales.set(label, { label, domain: links.domain(exhibit.bundle, k), signed: false });
    }
  return {
    scales: [...scales.values()],
    hasSigned: [...links.bundles, ...ticked].some((bundle) => links.isSigned(bundle)),
    hasUnsigned: links.bundles.some((bundle) => !links.isSigned(bundle)),
    maxLineWidth: layout.maxLineWidth,
    exponent: opacityExponent(links.n),
    nOdd: tally.odd,
    nMissing: tally.missing,
    shading: shadingOf(scene, options()),
    ports: [...new Set(network.groups.flatMap((group) => group.ports))],
  };
}
