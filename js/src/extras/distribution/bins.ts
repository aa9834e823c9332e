// Counting weights by bins: equal ones, whose edges are numpy's. Pure. The twin of `histogram` in measures/entries.py.

export interface Bins {
  /** Ascending, one more than bins; the last bin has its right edge in it. */
  edges: Float64Array;
  n: number;
}

export const N_BINS = 60;

/** Equal bins, with the edges of numpy.linspace. */
export function binsOf(first: number, last: number, n: number): Bins {
  const step = (last - first) / n;
  const edges = Float64Array.from({ length: n + 1 }, (_, i) => i * step + first);
  edges[n] = last;
  return { edges, n };
}

/** Bins symmetric about zero, to the largest magnitude there is; to 1 where all are zero. */
export const binsTo = (largest: number, n = N_BINS): Bins => binsOf(-(largest || 1), largest || 1, n);

export const isSame = (a: Bins | null, b: Bins): boolean =>
  a?.n === b.n && a.edges[0] === b.edges[0] && a.edges[a.n] === b.edges[b.n];

/** The bin of a value; -1 below the first edge, n above the last one or where it is no number. */
export function binOf({ edges, n }: Bins, value: number): number {
  if (value < edges[0]) return -1;
  if (!(value <= edges[n])) return n;
  let i = Math.min(n - 1, Math.floor(((value - edges[0]) / (edges[n] - edges[0])) * n));
  // Multiplying may miss an edge by a rounding: edges decide.
  while (i > 0 && value < edges[i]) i--;
  while (i < n - 1 && value >= edges[i + 1]) i++;
  return i;
}

/** What a first look at the weights of a checkpoint finds. */
export interface Survey {
  /** The largest finite magnitude; 0 if there is none. */
  largest: number;
  /** How many are NaN or infinite. */
  odd: number;
}

/** Weights in pieces, divided by `norm`. */
export function survey(pieces: Float32Array[], norm: number): Survey {
  let [largest, odd] = [0, 0];
  for (const values of pieces)
    for (let i = 0; i < values.length; i++) {
      const size = Math.abs(values[i]);
      if (!(size < Infinity)) odd++;
      else if (size > largest) largest = size;
    }
  if (norm === 1) return { largest, odd };
  const isNumber = Number.isFinite(largest / norm);
  return { largest: isNumber ? largest / norm : 0, odd: isNumber ? odd : lengthOf(pieces) };
}

export const lengthOf = (pieces: Float32Array[]): number =>
  pieces.reduce((sum, { length }) => sum + length, 0);

/**
 * Add finite weights, divided by `norm`, to counts: below the first edge, in each bin, above the last edge
 * (n_bins + 2).
 */
export function count(pieces: Float32Array[], norm: number, bins: Bins, counts: Uint32Array): void {
  const { edges, n } = bins;
  const [first, last] = [edges[0], edges[n]];
  const scale = n / (last - first);
  for (const values of pieces)
    for (let k = 0; k < values.length; k++) {
      const value = values[k] / norm;
      if (value >= first && value <= last) {
        let i = ((value - first) * scale) | 0;
        if (i >= n) i = n - 1;
        if (value < edges[i]) i--;
        else if (value >= edges[i + 1] && i < n - 1) i++;
        counts[i + 1]++;
      } else if (value > last && value < Infinity) counts[n + 1]++;
      else if (value < first && value > -Infinity) counts[0]++;
    }
}
