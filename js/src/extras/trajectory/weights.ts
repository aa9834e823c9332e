// The values over time of the weights that have lines: which they are, read from each run once, exact from the kernel
// where there is one.
import type { History } from "../../history";
import type { Options } from "../../options";
import { areHere, readOnce } from "./numbers";
import { drawnAtRandom, type Entry, type Pool, strongest } from "./sample";

type Asked = Pick<Options, "sample" | "n_sampled" | "seed">;

const MOST_EXACT = 4096; // entries that the kernel is asked for at once
const ASK_AGAIN_MS = 3000; // while a history grows

/** The largest finite |w| of each weight of a pool, over the checkpoints of a run that were read so far. */
interface Peaks {
  key: string;
  values: Float32Array;
  read: Map<History, Uint8Array>;
}

/** Entries of one run over time. */
interface Values {
  key: string;
  rows: Float64Array[]; // (n_checkpoints,) of each weight
  known: Uint8Array;
  nExact: number; // checkpoints
  askedAt: number;
}

export class Weights {
  #peaks: Peaks | null = null;
  readonly #values = new Map<History, Values>();
  readonly #changed: () => void;
  deadline = Number.POSITIVE_INFINITY;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** The places in a pool of those that have a line. */
  chosen(pool: Pool, runs: History[], { sample, n_sampled: n, seed }: Asked): number[] {
    if (sample === "random") return drawnAtRandom(n, pool.size, seed);
    if (pool.size <= n) return Array.from({ length: pool.size }, (_, i) => i);
    return strongest(this.#peaksOf(pool, runs).values, n);
  }

  /** How many checkpoints of the runs the strongest are of. */
  nRanked(runs: History[]): number {
    return runs.reduce((n, run) => n + (this.#peaks?.read.get(run)?.reduce((a, b) => a + b, 0) ?? 0), 0);
  }

  isRanked = (run: History, k: number): boolean => this.#peaks?.read.get(run)?.[k] === 1;

  #peaksOf(pool: Pool, runs: History[]): Peaks {
    const key = `${pool.key}|${runs.map(({ revision }) => revision).join()}`;
    if (this.#peaks?.key !== key) this.#peaks = { key, values: new Float32Array(pool.size), read: new Map() };
    const { values, read } = this.#peaks;
    const names = [...new Set(pool.stretches.map(({ parameter }) => parameter))];
    for (const run of runs) {
      const done = longer(read.get(run), run.nCheckpoints);
      read.set(run, done);
      for (let k = 0; k < done.length; k++) {
        if (done[k] || !areHere(run, names, k) || performance.now() > this.deadline) continue;
        done[k] = 1;
        pool.raise(values, (parameter) => readOnce(run, parameter, k));
      }
    }
    return this.#peaks;
  }

  /** The histories of weights in one run, NaN where they are not recorded or not here. */
  read(run: History, weights: Entry[]): Values {
    const key = `${run.revision}|${weights.map(({ parameter, entry }) => `${parameter}:${entry}`).join()}`;
    const n = run.nCheckpoints;
    let held = this.#values.get(run);
    if (held?.key !== key) held = { key, rows: [], known: new Uint8Array(0), nExact: 0, askedAt: 0 };
    if (held.known.length !== n || held.rows.length === 0) {
      const { rows } = held;
      held.known = longer(held.known, n);
      held.rows = weights.map((_, i) => {
        const row = new Float64Array(n).fill(Number.NaN);
        if (rows[i]) row.set(rows[i].subarray(0, n));
        return row;
      });
    }
    this.#values.set(run, held);
    const groups = new Map<string, number[]>();
    weights.forEach(({ parameter }, i) => {
      groups.set(parameter, [...(groups.get(parameter) ?? []), i]);
    });
    for (let k = 0; k < n; k++) if (!held.known[k]) this.#readAt(run, k, held, weights, groups);
    this.#askExact(run, held, weights, groups);
    return held;
  }

  #readAt(run: History, k: number, held: Values, weights: Entry[], groups: Map<string, number[]>): void {
    if (!areHere(run, [...groups.keys()], k) || performance.now() > this.deadline) return;
    held.known[k] = 1;
    for (const [parameter, list] of groups) {
      const values = readOnce(run, parameter, k);
      if (values) for (const i of list) held.rows[i][k] = finite(values[weights[i].entry]);
    }
  }

  /** Once for all of them; again when the history has grown. */
  #askExact(run: History, held: Values, weights: Entry[], groups: Map<string, number[]>): void {
    const n = run.nCheckpoints;
    if (run.isExact || !run.hasKernel || held.nExact === n) return;
    if (performance.now() - held.askedAt < ASK_AGAIN_MS && held.askedAt > 0) return;
    held.askedAt = performance.now();
    const asked = [...groups].flatMap(([parameter, list]) =>
      Array.from({ length: Math.ceil(list.length / MOST_EXACT) }, async (_, i) => {
        const some = list.slice(i * MOST_EXACT, (i + 1) * MOST_EXACT);
        const all = await run.exact(
          parameter,
          some.map((at) => weights[at].entry),
        );
        some.forEach((at, j) => {
          const row = held.rows[at];
          for (let k = 0; k < row.length && k * some.length + j < all.length; k++)
            row[k] = finite(all[k * some.length + j]);
        });
        return all.length / some.length;
      }),
    );
    Promise.all(asked).then(
      (lengths) => {
        held.nExact = Math.min(n, ...lengths);
        held.known.fill(1, 0, held.nExact);
        this.#changed();
      },
      () => {}, // the stored values stay
    );
  }
}

/** What no line can go through is a gap. */
const finite = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

function longer(list: Uint8Array | undefined, n: number): Uint8Array {
  if (list?.length === n) return list;
  const all = new Uint8Array(n);
  if (list) all.set(list.subarray(0, n));
  return all;
}
