// One layer whose links are kernels, and its history, as Python would send them.
import type { BlockEntry, Index } from "../../src/blocks";
import { History } from "../../src/history";
import { type Bundle, type Group, type Network, plainGroup } from "../../src/network";

/** `shape` is (n_target, n_source, *rest). */
export function kernelNetwork(shape: number[], input: Partial<Group> = {}): Network {
  const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
  const bundle: Bundle = {
    id: "conv",
    source: "input",
    target: "conv",
    parameter: "w",
    shape,
    strides,
    offset: 0,
    role: "input",
    port: null,
    reduce: shape.length > 2 ? "l2" : "none",
    index: null,
    rest_name: null,
  };
  const groups = [
    plainGroup("input", "input", shape[1], { role: "input", ...input }),
    plainGroup("conv", "conv", shape[0], { column: 1 }),
  ];
  const layers = groups.map(({ id }) => ({
    name: id,
    kind: id,
    activation: null,
    modifiers: [],
    note: null,
  }));
  const rest = { wires: [], tied: {}, notes: [], flow: "order" };
  return { name: "net", layers, groups, bundles: [bundle], parameters: { w: shape }, ...rest };
}

/** A history of w, (n_checkpoints, *shape); null is a checkpoint without it. */
export async function historyOf(
  network: Network,
  checkpoints: (number[] | null)[],
  {
    precision = "float32",
    send = null,
  }: { precision?: "float32" | "int8"; send?: ((message: Record<string, unknown>) => void) | null } = {},
): Promise<History> {
  const parts: Uint8Array[] = [];
  const blocks = checkpoints.flatMap((values, k): BlockEntry[] => {
    if (!values) return [];
    const bytes = new Uint8Array(new Float32Array(values).buffer);
    const part = parts.push(bytes) - 1;
    const about = { run: "run", quantity: "weights", name: "w", dims: network.parameters.w };
    const code = { dtype: "float32", scale: 1, coding: "raw" } as const;
    return [{ ...about, ...code, start: k, stop: k + 1, part, offset: 0, n_bytes: bytes.length }];
  });
  const n_checkpoints = checkpoints.length;
  const runs = [{ name: "run", n_checkpoints, steps: null, epochs: null, metrics: {} }];
  const index: Index = { format: 1, precision, window: null, notes: [], runs, blocks, orders: {} };
  const history = new History(network, send);
  history.open(index, parts);
  await history.decoding;
  return history;
}

export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
