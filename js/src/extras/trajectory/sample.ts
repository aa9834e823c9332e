// Which single weights have a line: the strongest, some drawn at random, or what is selected. Pure.
import { isLink, isUnit, type Selection } from "../../describe";
import { sizeOf } from "../../hierarchy";
import {
  type Bundle,
  firstSource,
  linkEntries,
  linkStart,
  type Network,
  restOffsets,
  storedName,
} from "../../network";
import type { Part } from "../parts";

/** One entry of a parameter, flat. */
export interface Entry {
  parameter: string;
  entry: number;
}

/** Entries of one parameter, all of them or some; `part` is the number of what they belong to. */
interface Stretch {
  part: number;
  parameter: string;
  entries: Int32Array | null;
  size: number;
}

/** Weights that may have a line, one after the other. */
export class Pool {
  readonly stretches: Stretch[];
  readonly size: number;
  readonly #starts: number[] = [];

  constructor(stretches: Stretch[]) {
    this.stretches = stretches;
    let size = 0;
    for (const stretch of stretches) {
      this.#starts.push(size);
      size += stretch.size;
    }
    this.size = size;
  }

  /** What decides which weights these are. */
  get key(): string {
    return this.stretches
      .map(({ parameter, entries, size }) => `${parameter}:${entries?.[0] ?? ""}:${entries?.at(-1) ?? size}`)
      .join();
  }

  at(i: number): Entry & { part: number } {
    let at = this.#starts.length - 1;
    while (this.#starts[at] > i) at--;
    const { part, parameter, entries } = this.stretches[at];
    const inner = i - this.#starts[at];
    return { part, parameter, entry: entries ? entries[inner] : inner };
  }

  /** Raise the peaks, (size,), to the finite |w| of one parameter's values, from place `start` on. */
  raise(peaks: Float32Array, read: (parameter: string) => Float32Array | null): void {
    for (const [s, { parameter, entries, size }] of this.stretches.entries()) {
      const values = read(parameter);
      if (!values) continue;
      const start = this.#starts[s];
      for (let i = 0; i < size; i++) {
        const magnitude = Math.abs(values[entries ? entries[i] : i]);
        if (magnitude > peaks[start + i] && magnitude < Number.POSITIVE_INFINITY)
          peaks[start + i] = magnitude;
      }
    }
  }
}

/** All entries behind the links of a bundle, target by target. */
function entriesOf(bundle: Bundle): Int32Array {
  const rest = restOffsets(bundle);
  const entries: number[] = [];
  for (let target = 0; target < bundle.shape[0]; target++)
    for (let i = 0; i < bundle.shape[1]; i++) {
      const start = linkStart(bundle, target, firstSource(bundle, target) + i);
      for (const offset of rest) entries.push(start + offset);
    }
  return Int32Array.from(entries);
}

/** The weights of parts, in their order: parameter by parameter (of gates, bundle by bundle), each in row-major order. */
export function poolOf(network: Network, parts: Part[], numberOf: (part: Part) => number): Pool {
  const stretches = parts.flatMap((part): Stretch[] => {
    const number = numberOf(part);
    if (!part.bundles)
      return part.parameters.map((parameter) => {
        return { part: number, parameter, entries: null, size: sizeOf(network.parameters[parameter]) };
      });
    return part.bundles.map((bundle) => {
      const entries = entriesOf(bundle);
      return {
        part: number,
        parameter: storedName(network, bundle.parameter),
        entries,
        size: entries.length,
      };
    });
  });
  return new Pool(stretches);
}

/** The entries behind what is selected: of a link one or more, of a unit those of all its links. */
export function selectedEntries(network: Network, selection: Selection | null): Entry[] {
  if (selection === null) return [];
  if ("parameter" in selection) {
    const shape = network.parameters[selection.parameter] ?? [];
    const entry = selection.index.reduce((sum, i, d) => sum * shape[d] + i, 0);
    return [{ parameter: storedName(network, selection.parameter), entry }];
  }
  const behind = (bundle: Bundle, target: number, source: number): Entry[] =>
    linkEntries(bundle, target, source).map((entry) => {
      return { parameter: storedName(network, bundle.parameter), entry };
    });
  if (isLink(selection)) {
    const bundle = network.bundles.find(({ id }) => id === selection.bundle);
    return bundle ? behind(bundle, selection.target, selection.source) : [];
  }
  if (!isUnit(selection)) return [];
  const { group, unit } = selection;
  return network.bundles.flatMap((bundle) => {
    const [nTarget, nSource] = bundle.shape;
    if (bundle.target === group)
      return Array.from({ length: nSource }, (_, i) =>
        behind(bundle, unit, firstSource(bundle, unit) + i),
      ).flat();
    if (bundle.source === group)
      return Array.from({ length: nTarget }, (_, j) => behind(bundle, j, unit)).flat();
    return [];
  });
}

/** Entries as a pool; those of no part are left out. */
export function poolOfEntries(entries: Entry[], partOf: (entry: Entry) => number): Pool {
  const stretches = new Map<string, { part: number; parameter: string; list: number[] }>();
  for (const entry of entries) {
    const part = partOf(entry);
    if (part < 0) continue;
    const key = `${part}:${entry.parameter}`;
    const stretch = stretches.get(key) ?? { part, parameter: entry.parameter, list: [] };
    stretches.set(key, stretch);
    stretch.list.push(entry.entry);
  }
  return new Pool(
    [...stretches.values()].map(({ part, parameter, list }) => {
      return { part, parameter, entries: Int32Array.from(list), size: list.length };
    }),
  );
}

/** The link that shows an entry; null if none does. */
export function linkOf(
  bundles: Bundle[],
  entry: number,
): { bundle: Bundle; target: number; source: number } | null {
  for (const bundle of bundles) {
    const rest = restOffsets(bundle);
    const stride = bundle.strides[1];
    for (let target = 0; target < bundle.shape[0]; target++) {
      const first = firstSource(bundle, target);
      const ahead = entry - linkStart(bundle, target, first);
      for (const offset of rest) {
        const i = ahead === offset ? 0 : (ahead - offset) / stride;
        if (Number.isInteger(i) && i >= 0 && i < bundle.shape[1])
          return { bundle, target, source: first + i };
      }
    }
  }
  return null;
}

/** Pseudo-random whole numbers below 2^32: mulberry32 by Tommy Ettinger, of 32 bits of state. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** The first n of a seeded permutation of `size` numbers (Fisher and Yates, only as far as it is needed). */
export function drawnAtRandom(n: number, size: number, seed: number): number[] {
  const next = mulberry32(seed);
  const moved = new Map<number, number>(); // place -> the number that stands there, where it is another
  return Array.from({ length: Math.min(n, size) }, (_, i) => {
    const other = i + Math.floor((next() / 2 ** 32) * (size - i));
    const taken = moved.get(other) ?? other;
    moved.set(other, moved.get(i) ?? i);
    return taken;
  });
}

/** The places of the n largest peaks, largest first; of equal ones the first come first. */
export function strongest(peaks: Float32Array, n: number): number[] {
  const least = n < peaks.length ? peaks.slice().sort()[peaks.length - n] : 0;
  const above: number[] = [];
  const equal: number[] = [];
  for (let i = 0; i < peaks.length; i++)
    if (peaks[i] > least) above.push(i);
    else if (peaks[i] === least) equal.push(i);
  above.sort((a, b) => peaks[b] - peaks[a] || a - b);
  return [...above, ...equal].slice(0, n);
}
