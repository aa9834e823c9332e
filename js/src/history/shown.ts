// What a shown quantity of a checkpoint is made of: blocks of its run, and of another run that it is compared with.
import type { Options } from "../options";
import { type Change, seriesOf } from "./changes";
import { type Run, renumbered } from "./run";
import type { Store } from "./store";
import type { Need } from "./windows";

/** `reference` is the number of the checkpoint that a difference is from, or of the run that it is "against". */
export type Shown = Pick<Options, "quantity" | "reference">;

/** A run among all those of its widget. */
export interface Peer extends Run {
  precision: string;
  readonly store: Store;
  peers: Peer[];
}

/** The run that is subtracted: the same, or another. */
export const baseOf = <P extends Peer>(run: P, { quantity, reference }: Shown): P =>
  quantity === "against" ? (run.peers[reference] as P) : run;

/** The checkpoint of it that is subtracted at checkpoint k; negative if there is none. */
export function beforeOf(run: Peer, k: number, { quantity, reference }: Shown): number {
  if (quantity === "update") return k - 1;
  if (quantity === "against") return renumbered(k, run.steps, run.peers[reference]);
  return Math.min(reference, run.nCheckpoints - 1);
}

export function changeAt(run: Peer, k: number, shown: Shown): Change {
  const { quantity, reference } = shown;
  const before = beforeOf(run, k, shown);
  const series = seriesOf({ quantity, reference: quantity === "against" ? reference : before });
  return { k, before, quantity, series, base: baseOf(run, shown).store };
}

/** Whether subtracting the weights would subtract rounded ones. */
export const isCoarse = (run: Peer, shown: Shown): boolean =>
  shown.quantity !== "weights" && [run, baseOf(run, shown)].some(({ precision }) => precision !== "float32");

/** What of a run its checkpoint k is drawn from; changes are asked for where they are not to be taken by subtraction. */
export function needsOf(run: Peer, k: number, shown: Shown, isAsked: boolean): Need[] {
  const weights: Need = ["weights", k]; // which also stand beside a picture of changes
  const { before, series, quantity } = changeAt(run, k, shown);
  if (quantity === "weights") return [weights];
  if (isAsked) return [weights, [series, k]];
  return quantity === "against" || before < 0 ? [weights] : [weights, ["weights", before]];
}
