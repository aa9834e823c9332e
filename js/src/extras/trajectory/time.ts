// Where the checkpoints of all runs lie along one axis: by step or evenly, linear or logarithmic. Pure.
import type { Run } from "../../history/run";
import { type Span, timeAxis, timeTicks } from "../../panel/axis";
import { formatMoment, type Moments } from "../../panel/moment";
import { scaleOf, ticksOf } from "../axes";

export interface Time {
  title: string;
  isLog: boolean;
  /** Of each run, by checkpoint; NaN where there is no place, null where the run counts otherwise. */
  at: (Float64Array | null)[];
  full: Span;
  ticks(span: Span, most: number): { value: number; text: string }[];
}

const range = (n: number): number[] => Array.from({ length: n }, (_, k) => k);
const isKnown = (values: (number | null)[] | null): values is number[] =>
  values?.every((v, k) => v !== null && (k === 0 || v > values[k - 1]!)) ?? false;

/** What a logarithmic axis counts, and it of one run. */
function countsOf(unit: string, { nCheckpoints, steps, epochs }: Moments): (number | null)[] | null {
  return unit === "step" ? steps : unit === "epoch" ? epochs : range(nCheckpoints).map((k) => k + 1);
}

function logTime(runs: Run[], shown: Run): Time {
  const unit = isKnown(shown.steps) ? "step" : isKnown(shown.epochs) ? "epoch" : "checkpoint";
  const at = runs.map((run) => {
    const counts = countsOf(unit, run);
    const isSame = counts && (unit !== "checkpoint" || run.steps === null || run === shown);
    return isSame ? Float64Array.from(counts, (value) => (value !== null && value > 0 ? value : NaN)) : null;
  });
  const all = at.flatMap((places) => [...(places ?? [])]).filter((value) => value > 0);
  const [low, high] = all.length > 0 ? [Math.min(...all), Math.max(...all)] : [1, 10];
  const full: Span = high > low ? [low, high] : [low / 2, low * 2];
  const ticks = (span: Span, most: number) =>
    ticksOf(scaleOf(span, [0, 1], true), most).map((value) => ({ value, text: formatMoment(value) }));
  return { title: `${unit}, logarithmic`, isLog: true, at, full, ticks };
}

/** The axis of all runs, which counts as the shown one does. */
export function timeOf(runs: Run[], shown: Run, layout: "step" | "index", isLog: boolean): Time {
  if (isLog) return logTime(runs, shown);
  const countsAlike = runs.map((run) => (run.steps === null) === (shown.steps === null));
  const places = (run: Run) => (run.steps ?? range(run.nCheckpoints)).map((step) => step ?? Number.NaN);
  const others = runs.filter((run, i) => countsAlike[i] && run !== shown);
  const axis = timeAxis(
    shown,
    others.map((run) => places(run).filter(Number.isFinite)),
    layout,
  );
  const at = runs.map((run, i) =>
    run === shown
      ? Float64Array.from(axis.at)
      : countsAlike[i]
        ? Float64Array.from(places(run), axis.place)
        : null,
  );
  const ticks = (span: Span, most: number) =>
    timeTicks(axis, span, most).map(({ x, text }) => ({ value: x, text }));
  return { title: axis.unit, isLog: false, at, full: axis.full, ticks };
}
