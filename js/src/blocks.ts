// What crosses from Python: the index, the messages, and blocks of bytes turned into numbers (see docs/boundary.md).
// Not for keeping or fetching blocks; the twin of blocks.py.

import type { EventIndex, EventsMessage, EventsReply } from "./events";
import type { OutputsIndex } from "./outputs";
import type { SpectraIndex, SpectraMessage, SpectraReply } from "./spectra";
import type { TilesMessage, TilesReply } from "./tiles";

export type Dtype = "float32" | "float16" | "int8";

/** One parameter over a range of checkpoints; its bytes lie at `offset` of part number `part`. @boundary */
export interface BlockEntry {
  run: string;
  quantity: string;
  name: string;
  dims: number[];
  dtype: Dtype;
  scale: number;
  start: number;
  stop: number;
  coding: "raw" | "deflate";
  /** Number of the part in `_blocks`, or null in a reply to a fetch: there, offsets count in the reply's buffer. */
  part: number | null;
  offset: number;
  n_bytes: number;
}

/** A block of w - w(reference), a checkpoint or the run that it is "against". @boundary */
export interface DifferenceEntry extends BlockEntry {
  reference: number;
}

/** A block as it is kept: its codes take a half or a quarter of the room of its values. */
export interface Block {
  entry: BlockEntry;
  /** Row-major `(stop - start, ...dims)`; float32 codes are the values themselves. */
  codes: Int8Array | Uint16Array | Float32Array;
}

/** JSON has no NaN or infinities, so they travel by name. */
export type JsonNumber = number | "NaN" | "Infinity" | "-Infinity";

/** @boundary */
export interface Metric {
  x: number[];
  y: JsonNumber[];
}

/** @boundary */
export interface RunIndex {
  name: string;
  n_checkpoints: number;
  steps: (number | null)[] | null;
  epochs: (number | null)[] | null;
  metrics: Record<string, Metric>;
}

/** With several runs, each says of itself what else the index says of the only one. @boundary */
export interface RunOfSeveral extends RunIndex {
  revision: number;
  precision: Dtype;
  window: number | null;
  notes: string[];
}

/** Unit indices from top to bottom by group, computed from one checkpoint; other groups are in the model's order. @boundary */
export interface ComputedOrder {
  checkpoint: number;
  groups: Record<string, number[]>;
}

/** The parameters that summaries count, in their order, and the blocks of what is counted. @boundary */
export interface SummaryIndex {
  parameters: string[];
  blocks: BlockEntry[];
}

/** @boundary */
export interface Index {
  format: 1;
  /** Another one numbers the checkpoints otherwise; pages saved before 0.2 have none. */
  revision?: number;
  precision: Dtype;
  window: number | null;
  notes: string[];
  runs: RunIndex[];
  blocks: BlockEntry[];
  /** By the value of the option `order`; empty as long as none was asked for. */
  orders: Record<string, ComputedOrder>;
  /** Those that were found for somebody; null or left out where nobody has asked. */
  events?: EventIndex | null;
  /** Blocks `(stop - start, n_parameters)` of each quantity of summaries.py; pages saved before 0.2 have none. */
  summaries?: SummaryIndex;
  outputs?: OutputsIndex;
  /** Of a page without a kernel; else they are asked for. */
  spectra?: SpectraIndex;
}

/** @boundary */
export type FetchMessage = {
  type: "fetch";
  id: number | string;
  run: string;
  start: number;
  stop: number;
  quantity: string;
  /** The number of the checkpoint, or of the run, that is subtracted in a difference; null for all else. */
  reference: number | null;
  /** Parameters to send; null for all. */
  names: string[] | null;
};
/** @boundary */
export type CancelMessage = { type: "cancel"; id: number | string };
/** @boundary */
export type ExactMessage = {
  type: "exact";
  id: number | string;
  run: string;
  parameter: string;
  entries: number[];
};
/** Something was lost on its way: asks for all but weights, from checkpoint `start` on. @boundary */
export type TailMessage = { type: "tail"; revision: number; start: number };
/** Answers the message of the same type: the number of the last message in which each trait came. @boundary */
export type HeardMessage = { type: "heard"; number: number; sent: Record<string, number> };
/** What the browser sends. */
export type Request =
  | FetchMessage
  | CancelMessage
  | ExactMessage
  | TailMessage
  | HeardMessage
  | EventsMessage
  | SpectraMessage
  | TilesMessage;

/** The points of a curve from number `start` on; those that were known from there on are replaced. @boundary */
export interface MetricTail extends Metric {
  start: number;
}

/** @boundary */
export type AppendMessage = {
  type: "append";
  run: string;
  revision: number;
  /** The first checkpoint that the message tells of: up to there, all was told before. */
  start: number;
  /** The first one of which it has the weights; those before it are fetched. */
  first: number;
  n_checkpoints: number;
  /** Of the new checkpoints; null if the history does not know steps at all. */
  steps: (number | null)[] | null;
  epochs: (number | null)[] | null;
  metrics: Record<string, MetricTail>;
  blocks: BlockEntry[];
  summaries?: BlockEntry[];
  /** Number of the part that the one buffer is; null if it rides in no state, or if only metrics are new. */
  part: number | null;
  precision: Dtype;
  notes: string[];
};
/** Checkpoints were taken out or replaced; the buffers are the parts. @boundary */
export type ResetMessage = { type: "reset"; index: Index };
/** @boundary */
export type BlocksMessage = { type: "blocks"; id: number | string; blocks: BlockEntry[]; done: boolean };
/** @boundary */
export type ExactReply = { type: "exact"; id: number | string; dims: [number, number] };
/** @boundary */
export interface OrderMessage extends ComputedOrder {
  type: "order";
  order: string;
}
/** @boundary */
export type ErrorMessage = { type: "error"; id: number | string | null; message: string };
/** What Python sends. */
export type Reply =
  | AppendMessage
  | ResetMessage
  | BlocksMessage
  | ExactReply
  | OrderMessage
  | EventsReply
  | SpectraReply
  | TilesReply
  | ErrorMessage;

const ITEMSIZE: Record<Dtype, number> = { float32: 4, float16: 2, int8: 1 };
const LARGEST = 3.4028234663852886e38;

/** Buffers as hosts hand them over. */
export type Parts = (DataView | ArrayBuffer | Uint8Array)[];

export const asBytes = (part: Parts[number]): Uint8Array =>
  part instanceof ArrayBuffer
    ? new Uint8Array(part)
    : new Uint8Array(part.buffer, part.byteOffset, part.byteLength);

/** How many values a block holds: (stop - start) x the product of its dims. */
export function nValues(entry: BlockEntry): number {
  return entry.dims.reduce((product, n) => product * n, entry.stop - entry.start);
}

/** The number that a JSON value of a metric stands for. */

/** A block from its own bytes (cut from the part at `offset`). */
export async function readBlock(entry: BlockEntry, bytes: Uint8Array): Promise<Block> {
  const n = nValues(entry);
  const itemsize = ITEMSIZE[entry.dtype];
  if (itemsize === undefined) throw new Error(`block of ${entry.name} has the unknown type ${entry.dtype}`);
  // A copy: bytes arrive at any alignment, and typed views need theirs.
  const coded = bytes.slice();
  const plain = entry.coding === "deflate" ? await inflate(coded) : coded;
  if (plain.length !== n * itemsize)
    throw new Error(
      `block of ${entry.name}, checkpoints ${entry.start} to ${entry.stop - 1}, holds ${plain.length} bytes instead of ${n * itemsize}; the data is cut or damaged`,
    );
  if (entry.coding === "raw") return { entry, codes: asCodes(plain.buffer, entry) };
  const codes = joinPlanes(plain, itemsize);
  addDifferences(codes, entry.stop === entry.start ? 0 : n / (entry.stop - entry.start));
  return { entry, codes: asCodes(codes.buffer, entry) };
}

/** The values of one checkpoint of a block, (product of dims,); a view where its codes are its values. */
export function valuesAt({ entry, codes }: Block, checkpoint: number): Float32Array {
  const n = entry.dims.reduce((product, size) => product * size, 1);
  const [from, to] = [(checkpoint - entry.start) * n, (checkpoint - entry.start + 1) * n];
  return asValues(codes.subarray(from, to), entry);
}

/** One value of a block. */
export function valueAt({ entry, codes }: Block, checkpoint: number, index: number): number {
  const n = entry.dims.reduce((product, size) => product * size, 1);
  const at = (checkpoint - entry.start) * n + index;
  return asValues(codes.subarray(at, at + 1), entry)[0];
}

export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

type Codes = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** Codes from planes: all first (lowest) bytes, then all second bytes, and so on. */
function joinPlanes(bytes: Uint8Array<ArrayBuffer>, itemsize: number): Codes {
  const n = bytes.length / itemsize;
  if (itemsize === 1) return bytes;
  if (itemsize === 2) {
    const codes = new Uint16Array(n);
    for (let i = 0; i < n; i++) codes[i] = bytes[i] | (bytes[n + i] << 8);
    return codes;
  }
  const codes = new Uint32Array(n);
  for (let i = 0; i < n; i++)
    codes[i] = bytes[i] | (bytes[n + i] << 8) | (bytes[2 * n + i] << 16) | (bytes[3 * n + i] << 24);
  return codes;
}

/** Undo the differences between checkpoints, in place; typed arrays wrap around as the coding wants. */
function addDifferences(codes: Codes, stride: number): void {
  for (let i = stride; i < codes.length; i++) codes[i] += codes[i - stride];
}

/** Finite values beyond the range of float32 become its largest number, never an infinity. */
function asCodes(buffer: ArrayBuffer, { dtype, scale }: BlockEntry): Block["codes"] {
  if (dtype === "int8") return new Int8Array(buffer);
  if (dtype === "float16") return new Uint16Array(buffer);
  const values = new Float32Array(buffer);
  if (scale !== 1) for (let i = 0; i < values.length; i++) values[i] = scaled(values[i], scale);
  return values;
}

function asValues(codes: Block["codes"], { scale }: BlockEntry): Float32Array {
  if (codes instanceof Int8Array) return fromInt8(codes, scale);
  return codes instanceof Uint16Array ? fromHalf(codes, scale) : codes;
}

function scaled(code: number, scale: number): number {
  const value = code * scale;
  if (Math.abs(value) <= LARGEST || !Number.isFinite(code)) return value;
  return value > 0 ? LARGEST : -LARGEST;
}

function fromInt8(codes: Int8Array, scale: number): Float32Array {
  const table = new Float32Array(256);
  for (let code = -125; code <= 125; code++) table[code + 128] = scaled(code, scale);
  table[126 + 128] = Infinity;
  table[-126 + 128] = -Infinity;
  table[0] = Number.NaN;
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = table[codes[i] + 128];
  return values;
}

let halves: Float32Array | undefined;

/** The values of all 65 536 half-precision codes. */
function halfTable(): Float32Array {
  if (halves) return halves;
  halves = new Float32Array(1 << 16);
  for (let code = 0; code < 1 << 15; code++) {
    const exponent = code >> 10;
    const fraction = code & 1023;
    let value = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    if (exponent === 31) value = fraction === 0 ? Infinity : Number.NaN;
    halves[code] = value;
    halves[code | (1 << 15)] = -value;
  }
  return halves;
}

function fromHalf(codes: Uint16Array, scale: number): Float32Array {
  const table = halfTable();
  const values = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) values[i] = scaled(table[codes[i]], scale);
  return values;
}
