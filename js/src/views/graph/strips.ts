// Where the links of each bundle run on the stage, as makers of images and the pointer see them: one strip a bundle, or
// one for each of its blocks.
import { lineStart } from "../../hanging";
import type { Strip } from "../../images/plan";
import { type Layout, sourcePoint, targetPoint } from "../../layout";
import type { Focus } from "./focus";
import type { Links } from "./links";

/** A unit on a sheet of portraits has lines while it is in focus. */
export function stripsOf(links: Links, layout: Layout, focus: Focus | null = null): Strip[] {
  const isFocused = (bundle: string, group: string, unit: number): boolean =>
    (focus?.link?.bundle === bundle && focus.link.source === unit) ||
    (focus?.units.some((other) => other.group === group && other.unit === unit) ?? false);
  const crowds = new Map<string, number>();
  return links.bundles.flatMap((bundle, b): Strip[] => {
    const source = layout.places.get(bundle.source)!;
    const target = layout.places.get(bundle.target)!;
    const [nTarget, nSource] = bundle.shape;
    if (!crowds.has(bundle.target)) crowds.set(bundle.target, crowds.size);
    const about = {
      nSource,
      nTarget: nTarget / (bundle.blocks ?? 1),
      crowd: crowds.get(bundle.target)!,
      signed: links.isSigned(bundle),
      shown: links.isShown(bundle),
    };
    return Array.from({ length: bundle.blocks ?? 1 }, (_, block) => ({
      ...about,
      start: links.starts[b] + block * about.nTarget * nSource,
      from: pointsOf(nSource, (i) => {
        const unit = block * nSource + i;
        const start = isFocused(bundle.id, bundle.source, unit) ? lineStart(source, unit) : null;
        return start ?? sourcePoint(source, unit);
      }),
      to: pointsOf(about.nTarget, (j) => targetPoint(target, block * about.nTarget + j, bundle.port)),
    }));
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
