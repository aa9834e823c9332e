// What Python tells of spectra: the part of what crosses that blocks.ts leaves out. Types only.
import type { BlockEntry } from "./blocks";

/** A matrix whose spectrum is told, in a block `singular_values` and one of the numbers beside them, `ranks`. @boundary */
export interface SpectrumPart {
  name: string;
  shape: [rows: number, columns: number];
  n_values: number;
  /** Which singular values are told, by rank from 0; null for all. */
  taken: number[] | null;
}

/** How weights move together, by how far their layers are apart: 0, 1, 2, ... @boundary */
export interface CorrelationIndex {
  n_checkpoints: number;
  layers: string[];
  /** Of each layer so many weights were taken at most. */
  n_weights: number;
  mean_absolute: (number | null)[];
  mean: (number | null)[];
  n_pairs: number[];
  /** The mean absolute r of independent numbers. */
  chance: number;
  /** value = first * exp(-distance / second), and R² of the logarithms; null in it is infinite. */
  decay: [at_zero: number, length: number | null, r_squared: number] | null;
}

/** What a page says of the spectra of one run. @boundary */
export interface SpectraAbout {
  parts: SpectrumPart[];
  /** Whose would have taken too long. */
  left_out: string[];
  correlation: CorrelationIndex | null;
}

/** @boundary */
export interface SpectraIndex {
  about: SpectraAbout[]; // of each run
  blocks: BlockEntry[];
}

/** @boundary */
export type SpectraMessage = {
  type: "spectra";
  id: number | string;
  run: string;
  names: string[];
  correlation: boolean;
};

/** One of several answers: each has a matrix, the last one none. @boundary */
export interface SpectraReply {
  type: "spectra";
  id: number | string;
  revision: number;
  n_checkpoints: number;
  parts: SpectrumPart[];
  blocks: BlockEntry[];
  correlation: CorrelationIndex | null;
  done: boolean;
}
