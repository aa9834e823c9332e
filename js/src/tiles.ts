// What Python tells of a matrix that is too large to send whole: the part of what crosses that blocks.ts leaves out.
// Types only.
import type { BlockEntry } from "./blocks";

/** Entries of the flat parameter as rows and columns. @boundary */
export interface TiledView {
  shape: [rows: number, columns: number];
  strides: [down: number, across: number];
  offset: number;
}

/** @boundary */
export type TilesMessage = {
  type: "tiles";
  id: number | string;
  run: string;
  parameter: string;
  checkpoint: number;
  quantity: string;
  reference: number | null;
  view: TiledView;
  /** How many rows and columns share an entry of a tile. */
  shared: [rows: number, columns: number];
  /** Row and column of each, among tiles of 256 by 256 entries. */
  tiles: [row: number, column: number][];
  /** Whether entries are to be counted, too. */
  counted: boolean;
};

/** @boundary */
export interface TileEntry extends BlockEntry {
  tile: [row: number, column: number];
}

/** How many entries are beyond a domain, or no numbers, and how far the others reach (null if there are none). @boundary */
export interface TiledCounts {
  n_odd: number;
  n_beyond: number;
  low: number | null;
  high: number | null;
  strongest: [row: number, column: number];
}

/** @boundary */
export interface TilesReply {
  type: "tiles";
  id: number | string;
  blocks: TileEntry[];
  /** Over the history, and at the checkpoint; null where that lacks the parameter. */
  domain: number | null;
  domain_here: number | null;
  /** With either domain; null where they were not asked for. */
  counts: [history: TiledCounts, here: TiledCounts] | null;
}
