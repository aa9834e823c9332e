// Histories as Python would send them, and a kernel that answers when the test wants it to.
import type { BlockEntry, Dtype, Index } from "../../src/blocks";
import { History } from "../../src/history";
import { Memory } from "../../src/history/memory";
import type { Network } from "../../src/network";
import { lstmNetwork } from "./nets";

export const NAME = "lstm.bias_ih_l0";
export const network = lstmNetwork(1, 1);
export const bundle = network.bundles.find((b) => b.parameter === NAME)!;

/** One value a checkpoint, which all entries of the parameter have. */
export type Rows = (k: number) => number;

export interface Coded {
  name?: string;
  quantity?: string;
  reference?: number;
  dtype?: Dtype;
  scale?: number;
  n?: number; // entries
}

/** A block of codes, (stop - start, n), and its bytes. */
export function block(start: number, stop: number, code: Rows, about: Coded = {}): [BlockEntry, Uint8Array] {
  const { n = 4, dtype = "float32", name = NAME, quantity = "weights", scale = 1, reference } = about;
  const typed = new (dtype === "int8" ? Int8Array : Float32Array)(n * (stop - start));
  for (let k = start; k < stop; k++) typed.fill(code(k), (k - start) * n, (k - start + 1) * n);
  const entry: BlockEntry = {
    ...{ run: "run", quantity, name, dims: [n], start, stop, part: null },
    ...{ dtype, scale, coding: "raw", offset: 0, n_bytes: typed.byteLength },
  };
  if (reference !== undefined) Object.assign(entry, { reference });
  return [entry, new Uint8Array(typed.buffer)];
}

export type Sent = Record<string, unknown>;

export interface Opened {
  history: History;
  sent: Sent[];
  /** Fetches that were sent and not taken back: what they ask for, with no id. */
  asked(): Sent[];
  /** Answer a request with blocks. */
  answer(request: Sent, ...blocks: [BlockEntry, Uint8Array][]): Promise<void>;
}

export interface Given {
  n?: number;
  window?: number | null;
  precision?: Dtype;
  blocks?: [BlockEntry, Uint8Array][];
  hasKernel?: boolean;
  limit?: number;
  network?: Network;
}

export async function open(given: Given = {}): Promise<Opened> {
  const { n = 10, window = null, precision = "float32", hasKernel = true } = given;
  const sent: Sent[] = [];
  const send = hasKernel ? (message: Sent) => sent.push(message) : null;
  const history = new History(given.network ?? network, send, new Memory(given.limit));
  const runs = [{ name: "run", n_checkpoints: n, steps: null, epochs: null, metrics: {} }];
  const given_ = given.blocks ?? [block(0, n, (k) => k)];
  const blocks = given_.map(([entry], part) => ({ ...entry, part }));
  const index: Index = { format: 1, precision, window, notes: [], runs, blocks, orders: {} };
  history.open(
    index,
    given_.map(([, bytes]) => bytes),
  );
  await history.decoding;
  const answer: Opened["answer"] = async (request, ...pieces) => {
    pieces.forEach(([entry, bytes]) => {
      history.receive({ type: "blocks", id: request.id as string, blocks: [entry], done: false }, [bytes]);
    });
    history.receive({ type: "blocks", id: request.id as string, blocks: [], done: true }, []);
    await history.decoding;
  };
  const asked = () => {
    const cancelled = sent.filter(({ type }) => type === "cancel").map(({ id }) => id);
    return sent.filter(({ type, id }) => type === "fetch" && !cancelled.includes(id));
  };
  return { history, sent, asked, answer };
}
