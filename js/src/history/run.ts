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

/** A run with what a message adds to it; hearing a message twice does no harm. */
export function grown(run: Run, message: AppendMessage): Run {
  const before = run.nCheckpoints;
  const isNew = message.n_checkpoints > before;
  const extend = (old: Moments, added: Moments): Moments =>
    added && isNew ? [...(old ?? new Array(before).fill(null)), ...added] : old;
  let metrics = run.metrics;
  for (const [name, { start, x, y }] of Object.entries(message.metrics)) {
    const known = metrics.find((metric) => metric.name === name);
    const [oldX, oldY] = [known?.x ?? [], known?.y ?? []].map((values) => values.slice(0, start));
    const metric = { name, x: [...oldX, ...x], y: [...oldY, ...y.map(Number)] };
    metrics = known ? metrics.map((m) => (m === known ? metric : m)) : [...metrics, metric];
  }
  return {
    name: run.name,
    nCheckpoints: Math.max(before, message.n_checkpoints),
    steps: extend(run.steps, message.steps),
    epochs: extend(run.epochs, message.epochs),
    metrics,
  };
}
