// What a probe found, as it crosses from Python: outputs of units by group (see docs/boundary.md). Types only.
import type { BlockEntry, JsonNumber, Parts } from "./blocks";

/** How the numbers of a group's block lie: `(n_rows, n_positions, n_units)` a checkpoint. @boundary */
export interface GroupIndex {
  how: string; // "units", "time steps", "calls" or "mean over space"
  n_positions: number; // of which `positions` were sent
  positions: number[];
  rows: number[] | null; // which of the kept items, by their targets; all as they come if it is null
  saturation: string | null; // from where on an output counts as saturated, in words
}

/** @boundary */
export interface OutputsIndex {
  /** The checkpoints that the probe was run at; null where a page lacks one. */
  checkpoints: (number | null)[];
  /** By split, the numbers of the kept items; they follow each other, training before test. */
  items: Record<string, number[]>;
  task: "regression" | "classes" | "binary" | null;
  loss_name: string | null;
  /** "loss" and "accuracy" by split, over all items of it, at `checkpoints`. */
  scores: Record<string, Record<string, JsonNumber[]>>;
  groups: Record<string, GroupIndex>;
  /** The group whose units make the prediction. */
  prediction: string | null;
  notes: string[];
  blocks: BlockEntry[];
}

/** The index of outputs, and the parts that its blocks are in. */
export interface GivenOutputs {
  index: OutputsIndex;
  parts: Parts;
}
