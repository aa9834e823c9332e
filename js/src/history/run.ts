// What is known of a run beside its weights: how many checkpoints, when they were taken, its metrics. Pure.
import type { AppendMessage, RunIndex } from "../blocks";

type Moments = (number | null)[] | null;

export interface Run {
  name: string;
  nCheckpoints: number;
  steps: Moments;
  epochs: Moments;
  metrics: { name: string; x: number[]; y: number[] }[];
}

export function readRun({ name, n_checkpoints, steps, epochs, metrics }: RunIndex): Run {
  const curves = Object.entries(metrics).map(([name, { x, y }]) => ({ name, x, y: y.map(Number) }));
  return { name, nCheckpoints: n_checkpoints, steps, epochs, metrics: curves };
}

/** Values that begin at number `start`; what is missing before them is as the last one known, until it is asked for. */
function placed(known: number[], start: number, added: number[]): number[] {
  if (added.length === 0) return known.slice(0, start);
  const missing = new Array(Math.max(0, start - known.length)).fill(known.at(-1) ?? added[0]);
  return [...known.slice(0, start), ...missing, ...added];
}

/** A run with what a message adds to it; hearing a message twice does no harm. */
export function grown(run: Run, message: AppendMessage): Run {
  const { start } = message;
  const nCheckpoints = Math.max(run.nCheckpoints, message.n_checkpoints);
  const extend = (old: Moments, added: Moments): Moments =>
    added && Array.from({ length: nCheckpoints }, (_, k) => added[k - start] ?? old?.[k] ?? null);
  let metrics = run.metrics;
  for (const [name, curve] of Object.entries(message.metrics)) {
    const known = metrics.find((metric) => metric.name === name);
    const [x, y] = [curve.x, curve.y.map(Number)].map((added, i) =>
      placed([known?.x ?? [], known?.y ?? []][i], curve.start, added),
    );
    if (x.length === 0) continue;
    const metric = { name, x, y };
    metrics = known ? metrics.map((m) => (m === known ? metric : m)) : [...metrics, metric];
  }
  const [steps, epochs] = [extend(run.steps, message.steps), extend(run.epochs, message.epochs)];
  return { name: run.name, nCheckpoints, steps, epochs, metrics };
}

/** The number that checkpoint k has after a revision: that of the latest one that is not later; by number without steps. */
export function renumbered(k: number, before: Moments, { nCheckpoints, steps }: Run): number {
  const step = before?.[k];
  if (step == null || !steps) return Math.min(k, nCheckpoints - 1);
  return Math.max(0, steps.filter((other) => other !== null && other <= step).length - 1);
}
