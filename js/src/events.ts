// What Python tells of events: the part of what crosses that blocks.ts leaves out.
import type { Selection } from "./describe";

/** Something that changed: from this checkpoint on it is so. @boundary */
export interface EventEntry {
  kind: string;
  checkpoint: number;
  sentence: string;
  /** What it is about; null if that is a curve or a whole parameter. */
  where: Selection | null;
  layer: string | null;
  metric: string | null;
}

/** The events of the first checkpoints of a history, in their order. @boundary */
export interface EventIndex {
  revision: number;
  /** How many checkpoints were looked at; there may be more by now. */
  n_checkpoints: number;
  events: EventEntry[];
  /** By kind: how many smaller ones are not told. */
  n_left_out: Record<string, number>;
  /** What was looked for: kind and rule, in words. */
  rules: Record<string, string>;
}

/** @boundary */
export type EventsMessage = { type: "events"; id: number | string };

/** @boundary */
export interface EventsReply extends EventIndex {
  type: "events";
  id: number | string;
}
