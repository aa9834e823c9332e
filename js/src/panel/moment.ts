// What the timeline says in words: which moment a checkpoint is, and what was recorded there. Never more than is known.
import { formatCount, formatValue } from "../scale";

export interface Moments {
  nCheckpoints: number;
  steps: (number | null)[] | null;
  epochs: (number | null)[] | null;
}

/** An epoch or a step as text; epochs may be fractional. */
export function formatMoment(value: number): string {
  if (Number.isInteger(value)) return (value < 0 ? "−" : "") + formatCount(Math.abs(value));
  return formatValue(value);
}

/** "epoch 12 · step 5 640 (13/31)", or as much of it as the history knows. */
export function momentLabel(checkpoint: number, { nCheckpoints, steps, epochs }: Moments): string {
  if (nCheckpoints === 0) return "no checkpoints yet";
  const [epoch, step] = [epochs?.[checkpoint] ?? null, steps?.[checkpoint] ?? null];
  const known: string[] = [];
  if (epoch !== null) known.push(`epoch ${formatMoment(epoch)}`);
  if (step !== null) known.push(`step ${formatMoment(step)}`);
  const [number, count] = [formatCount(checkpoint + 1), formatCount(nCheckpoints)];
  if (nCheckpoints === 1)
    return known.length > 0 ? `${known.join(" · ")} (one checkpoint)` : "one checkpoint";
  return known.length > 0 ? `${known.join(" · ")} (${number}/${count})` : `checkpoint ${number} of ${count}`;
}

/** The label and every value recorded there, for readers who do not see the curve. */
export function momentText(checkpoint: number, moments: Moments, values: [string, number | null][]): string {
  return [
    momentLabel(checkpoint, moments),
    ...values.map(([name, value]) => `${name} ${formatValue(value)}`),
  ].join(", ");
}
