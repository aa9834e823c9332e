// Where the links of each bundle run on the stage, as makers of images and the pointer see them.
import type { Strip } from "../../images/plan";
import { type Layout, sourcePoint, targetPoint } from "../../layout";
import type { Links } from "./links";

export function stripsOf(links: Links, layout: Layout): Strip[] {
  const crowds = new Map<string, number>();
  return links.bundles.map((bundle, b) => {
    const source = layout.places.get(bundle.source)!;
    const target = layout.places.get(bundle.target)!;
    const [nTarget, nSource] = bundle.shape;
    if (!crowds.has(bundle.target)) crowds.set(bundle.target, crowds.size);
    return {
      start: links.starts[b],
      nTarget,
      nSource,
      from: pointsOf(nSource, (i) => sourcePoint(source, i)),
      to: pointsOf(nTarget, (j) => targetPoint(target, j, bundle.port)),
      crowd: crowds.get(bundle.target)!,
      signed: links.isSigned(bundle),
      shown: links.isShown(bundle),
    };
  });
}

function pointsOf(n: number, pointAt: (i: number) => [number, number]): Float32Array {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) points.set(pointAt(i), 2 * i);
  return points;
}

/** The two ends of link number `i`: x and y at the source, x and y at the target. */
export function endsOfLink(strips: Strip[], i: number): [number, number, number, number] {
  const { start, nSource, from, to } = strips.findLast((strip) => strip.start <= i && strip.nSource > 0)!;
  const target = Math.floor((i - start) / nSource);
  const source = i - start - target * nSource;
  return [from[2 * source], from[2 * source + 1], to[2 * target], to[2 * target + 1]];
}
