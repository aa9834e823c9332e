// What is said of a distribution: what is counted on which bins, what is not, and what a sighted reader sees.
import { momentLabel } from "../../panel/moment";
import { formatCount, formatValue } from "../../scale";
import { type Scene, seriesOf, spanOf } from "./scene";

const TOLD = 4; // parts in a summary

const plural = (n: number, one: string): string => `${formatCount(n)} ${one}${n === 1 ? "" : "s"}`;

/** "60 bins to ±0.4, the largest |w|", and how many weights are beyond them. */
export function binWords(scene: Scene): string {
  const { spread, options, k } = scene;
  const { edges, n } = spread.bins;
  const outside = seriesOf(scene).map((series) => series.outside(k));
  const [below, above] = [
    outside.reduce((sum, one) => sum + one.below, 0),
    outside.reduce((sum, one) => sum + one.above, 0),
  ];
  const beyond =
    below + above > 0 ? ` (${plural(below, "weight")} below and ${formatCount(above)} above)` : "";
  const size = spread.normalise === "none" ? "|w|" : "|w| / norm";
  const span = options.bins
    ? `from ${formatValue(edges[0])} to ${formatValue(edges[n])}`
    : `to ±${formatValue(edges[n])}, the largest ${size}`;
  return `${plural(n, "bin")} ${span}${beyond}`;
}

/** What is divided by what. */
export function normWords({ spread }: Scene): string {
  if (spread.normalise === "none") return "";
  const of = spread.normalise === "layer" ? "their layer" : "all weights";
  return `divided by the norm of ${of} at each checkpoint`;
}

/** What is not counted: NaN and infinities, parts there is no room for, checkpoints that are not here. */
function missingWords(scene: Scene): string[] {
  const { spread, context, k, run } = scene;
  const odd = seriesOf(scene).reduce((sum, series) => sum + series.outside(k).odd, 0);
  const waiting = context.histories.flatMap(({ called, nCheckpoints: n }, i) => {
    const known = spread.nKnown(i);
    const of = called && ` of ${called}`;
    return known < n ? [`${formatCount(known)} of ${formatCount(n)} checkpoints${of} are here`] : [];
  });
  const gaps = seriesOf(scene).filter((series) => series.isGap(k));
  const names = gaps.map(({ part }) => part.name).join(", ");
  const left = spread.nParts - spread.parts.length;
  const isOneRun = context.histories.length > 1 && !/histogram|moments/.test(scene.options.distribution);
  return [
    odd > 0 ? `${formatCount(odd)} NaN or infinite, not counted` : "",
    gaps.length > 0 ? `${names} not recorded at this checkpoint` : "",
    left > 0 ? `${plural(left, "other")} not shown: name them with the option “of”` : "",
    isOneRun ? `${context.histories[run].called} alone` : "",
    ...waiting,
  ];
}

export function captionOf(scene: Scene, drawn: string[]): string {
  const { spread, context, options } = scene;
  const { precision } = context.history;
  const names = spread.parts.map(({ name }) => name);
  const isBinned = options.distribution !== "moments";
  const rounded = precision === "float32" ? "" : `weights rounded to ${precision}`;
  const comb = precision === "int8" && isBinned ? ", so neighbouring bins may be uneven" : "";
  const all = [
    `weights of ${names.length > TOLD ? `${formatCount(names.length)} parts` : names.join(", ")}`,
    ...drawn,
    isBinned ? binWords(scene) : "",
    normWords(scene),
    rounded + comb,
    ...missingWords(scene),
  ];
  return all.filter(Boolean).join(" · ");
}

/** "At epoch 12 (13/31), the 120 weights of fc1 have mean 0, …; the fullest bin …". */
export function summaryOf(scene: Scene): string {
  const { spread, context, k } = scene;
  const told = seriesOf(scene).slice(0, TOLD);
  const each = told.map((series) => {
    const [counts, found] = [series.at(k), series.moments(k)];
    const { name } = series.part;
    if (!found) return `${name} is ${series.isGap(k) ? "not recorded" : "not here yet"}`;
    const [mean, , , , low, , , , high] = Array.from(found, formatValue);
    const deviation = formatValue(Math.sqrt(found[1]));
    const spreads = `mean ${mean}, standard deviation ${deviation}, nine in ten from ${low} to ${high}`;
    const fullest = counts?.reduce((best, count, i) => (count > counts[best] ? i : best), 0) ?? 0;
    const full = counts
      ? `, most in the bin ${spanOf(spread.bins, fullest)}: ${formatCount(counts[fullest])}`
      : "";
    return `${plural(series.outside(k).total, "weight")} of ${name}: ${spreads}${full}`;
  });
  const rest = spread.parts.length - told.length;
  const more = rest > 0 ? ` And ${formatCount(rest)} more.` : "";
  return `At ${momentLabel(k, context.history)}. ${each.join(". ")}.${more}`;
}
