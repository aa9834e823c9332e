// What the trajectories say in words: titles, caption, what a screen reader hears.
import { linkLabel, type Selection, unravel } from "../../describe";
import type { History } from "../../history";
import type { Network } from "../../network";
import type { Options } from "../../options";
import { momentLabel } from "../../panel/moment";
import { formatCount, formatValue } from "../../scale";
import type { Collected } from "./collect";
import { partName } from "./keys";
import type { Plot } from "./plot";
import { type Entry, linkOf } from "./sample";

const NORMALISED: Record<string, string> = {
  none: "",
  layer: "divided by the norm of their layer",
  total: "divided by the total norm",
};

/** What is drawn: in the caption, and along the value axis. */
export function titleOf({ trajectory, below, normalise }: Options): { caption: string; axis: string } {
  const w = normalise === "none" ? "w" : "ŵ";
  const { caption, axis } = {
    weights: { caption: "weights", axis: w },
    norm: { caption: "norm", axis: `‖${w}‖` },
    update_norm: { caption: "update norm", axis: `‖${w}(t) − ${w}(t−1)‖` },
    update_ratio: { caption: "update ratio", axis: `‖${w}(t) − ${w}(t−1)‖ / ‖${w}(t−1)‖` },
    sparsity: {
      caption: `share of weights with |${w}| ≤ ${formatValue(below)}`,
      axis: `share of |${w}| ≤ ${formatValue(below)}`,
    },
  }[trajectory];
  return { caption, axis };
}

/** The link that shows an entry, as a selection; the entry itself where none does. */
export function selectionOf(network: Network, { parameter, entry }: Entry): Selection {
  const link = linkOf(
    network.bundles.filter((bundle) => (network.tied[bundle.parameter] ?? bundle.parameter) === parameter),
    entry,
  );
  if (link) return { bundle: link.bundle.id, target: link.target, source: link.source };
  return { parameter, index: unravel(entry, network.parameters[parameter]) };
}

/** An entry as one would write it in Python, and the link that it is of. */
export function nameOf(network: Network, entry: Entry): { entry: string; link: string | null } {
  const selection = selectionOf(network, entry);
  const shape = network.parameters[entry.parameter];
  const label = `${entry.parameter}[${unravel(entry.entry, shape).join(", ")}]`;
  if (!("bundle" in selection)) return { entry: label, link: null };
  const bundle = network.bundles.find(({ id }) => id === selection.bundle)!;
  return { entry: label, link: linkLabel(network, bundle, selection.target, selection.source) };
}

/** Which weights have lines. */
function sampleWords({ nWeights, nChosen, nRanked, nAll }: Collected, { sample, seed }: Options): string {
  const [n, all] = [formatCount(nChosen), formatCount(nWeights)];
  if (nChosen === nWeights) return sample === "selected" ? `${n} selected weights` : `all ${n} weights`;
  if (sample === "random") return `${n} of ${all} weights drawn at random, seed ${seed}`;
  const over = nRanked < nAll ? `, over ${formatCount(nRanked)} of ${formatCount(nAll)} checkpoints` : "";
  return `${n} strongest of ${all} ${sample === "selected" ? "selected " : ""}weights${over}`;
}

/** What there is nothing to see of, and what to do; null where something is drawn. */
export function emptyWords(found: Collected, { trajectory, sample }: Options, nDrawn: number): string | null {
  if (trajectory === "weights" && sample === "selected" && found.nWeights === 0)
    return "Select a link or a unit, as in the graph: its weights are drawn here.";
  if (found.shown.size === 0) return "The option “of” names nothing that there is.";
  if (trajectory === "weights" && found.nRanked === 0 && !found.isAsked && !found.isBusy)
    return "These are too many weights to find the strongest of: choose fewer below, or draw at random.";
  if (found.nHere < found.nAll && nDrawn === 0) return "Waiting for the kernel …";
  return nDrawn === 0 ? "Nothing was recorded here." : null;
}

export interface Told {
  found: Collected;
  plot: Plot;
  options: Options;
  runs: History[];
  /** Why nothing is drawn. */
  empty: string | null;
}

export function captionOf({ found, plot, options, runs, empty }: Told): string {
  const left = runs.filter((_, i) => plot.time.at[i] === null).map(({ name }) => name);
  const { normalise, trajectory, log_axes } = options;
  const nLeftOut = plot.extent?.nLeftOut ?? (log_axes.includes("y") ? 1 : 0);
  const nEarly = plot.time.isLog
    ? plot.time.at.reduce((n, at) => n + (at?.filter((place) => Number.isNaN(place)).length ?? 0), 0)
    : 0;
  const count = (n: number, one: string) => `${formatCount(n)} ${one}${n === 1 ? "" : "s"}`;
  const isSingle = trajectory === "weights";
  const by: Record<string, string> = {
    all: "all parameters together",
    layer: "by layer",
    parameter: "by parameter",
    gate: "by gate",
  };
  const coarse = [...new Set(runs.map(({ precision }) => precision).filter((name) => name !== "float32"))];
  const isPartial = found.nHere < found.nAll;
  return [
    isSingle && empty
      ? "weights"
      : isSingle
        ? sampleWords(found, options)
        : `${titleOf(options).caption} ${by[options.by]}`,
    runs.length > 1 ? `runs ${runs.map(({ name }) => name).join(", ")}` : "",
    left.length > 0 ? `not drawn, since only some runs know their steps: ${left.join(", ")}` : "",
    NORMALISED[normalise],
    found.isBusy && isPartial ? "still counting" : "",
    isPartial && !found.isBusy
      ? `${formatCount(found.nHere)} of ${count(found.nAll, "checkpoint")} here${
          found.isAsked || found.nHere === 0 ? "" : ", the others are read as they are played"
        }`
      : "",
    found.isRounded ? `≈ of rounded weights (${coarse.join(", ")})` : "",
    found.nOdd > 0 ? `NaN or infinite weights at ${count(found.nOdd, "checkpoint")} are left out` : "",
    log_axes.includes("y") && nLeftOut > 0
      ? `${count(nLeftOut, "value")} of zero or less not on the logarithmic axis`
      : "",
    nEarly > 0 ? `${count(nEarly, "checkpoint")} at zero not on the logarithmic axis` : "",
    plot.isZoomed ? "zoomed" : "",
  ]
    .filter(Boolean)
    .join(" · ");
}

const MOST_TOLD = 6;

/** "fc1 0.31, fc2 0.12 and 4 more" of a run at a checkpoint, largest first. */
function valuesAt({ found, plot }: Told, run: number, k: number): string {
  const told = plot.lines
    .filter((line) => line.run === run && Number.isFinite(line.values[k]))
    .sort((a, b) => b.values[k] - a.values[k])
    .map(({ part, values }) => `${partName(found.all[part])} ${formatValue(values[k])}`);
  const more = told.length - MOST_TOLD;
  return told.slice(0, MOST_TOLD).join(", ") + (more > 0 ? ` and ${more} more` : "") || "nothing recorded";
}

/** "Strongest: fc1 · unit 1 → fc2 · unit 2 0.8; …": the weights that have lines, largest first. */
export function strongestAt({ plot }: Told, network: Network, run: number, k: number): string {
  const told = plot.lines
    .filter((line) => line.run === run && line.weight && Number.isFinite(line.values[k]))
    .sort((a, b) => Math.abs(b.values[k]) - Math.abs(a.values[k]))
    .slice(0, MOST_TOLD)
    .map(({ weight, values }) => {
      const { entry, link } = nameOf(network, weight!);
      return `${link ?? entry} ${formatValue(values[k])}`;
    });
  return told.length > 0 ? `Strongest: ${told.join("; ")}.` : "";
}

export function summaryOf(told: Told, shown: number, checkpoint: number, lit: string): string {
  const { found, plot, options, runs, empty } = told;
  if (empty) return empty;
  const moment = momentLabel(checkpoint, runs[shown]);
  const { extent } = plot;
  const range = extent ? `from ${formatValue(extent.low)} to ${formatValue(extent.high)}` : "nothing drawn";
  if (options.trajectory === "weights")
    return `Lines over time of ${sampleWords(found, options)}, ${range}. ${moment}. ${lit}`.trim();
  const last = runs[shown].nCheckpoints - 1;
  const ends =
    last > 0
      ? ` At first ${valuesAt(told, shown, options.trajectory.startsWith("update") ? 1 : 0)}; at last ${valuesAt(told, shown, last)}.`
      : "";
  const { caption } = titleOf(options);
  return `Lines over time of the ${caption}, ${range}. At ${moment}: ${valuesAt(told, shown, checkpoint)}.${ends}`;
}
