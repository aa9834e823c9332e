// Moments and quantiles of weights at one checkpoint, in float64. Pure. The twin of `moments` and `quantiles` in
// measures/entries.py.

export const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95];
/** How many numbers there are: mean, variance, skewness, excess kurtosis, and the quantiles. */
export const N_MOMENTS = 4 + QUANTILES.length;

/** The numbers of a checkpoint, all finite weights together; NaN where there is none. */
export function momentsOf(pieces: Float32Array[], norm: number): Float64Array {
  const values = finite(pieces);
  const found = new Float64Array(N_MOMENTS).fill(Number.NaN);
  if (values.length === 0 || !Number.isFinite(1 / norm)) return found;
  found.set(powers(values, norm));
  found.set(quantiles(values, norm), 4);
  return found;
}

function finite(pieces: Float32Array[]): Float32Array {
  const values = new Float32Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let n = 0;
  for (const piece of pieces)
    for (let i = 0; i < piece.length; i++) if (Math.abs(piece[i]) < Infinity) values[n++] = piece[i];
  return values.subarray(0, n);
}

/** Mean, variance, skewness and excess kurtosis; the latter two are NaN where all weights are equal. */
function powers(values: Float32Array, norm: number): number[] {
  const n = values.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  const mean = sum / n;
  let scale = 0;
  for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(values[i] - mean));
  if (scale <= Number.EPSILON * Math.abs(mean) * n)
    return [mean / norm, (scale / norm) ** 2, Number.NaN, Number.NaN];
  let [second, third, fourth] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const deviation = (values[i] - mean) / scale; // powers of very small or large weights would leave the range
    const square = deviation * deviation;
    second += square;
    third += square * deviation;
    fourth += square * square;
  }
  const variance = second / n;
  return [
    mean / norm,
    variance * (scale / norm) ** 2,
    third / n / variance ** 1.5,
    fourth / n / variance ** 2 - 3,
  ];
}

/** Between two weights, linearly, as numpy does by default. */
function quantiles(values: Float32Array, norm: number): number[] {
  const sorted = ranked(
    values,
    QUANTILES.flatMap((q) => {
      const rank = Math.floor(q * (values.length - 1));
      return [rank, Math.min(values.length - 1, rank + 1)];
    }),
  );
  return QUANTILES.map((q, i) => {
    const [low, high] = [sorted[2 * i] / norm, sorted[2 * i + 1] / norm];
    const at = q * (values.length - 1);
    return low + (high - low) * (at - Math.floor(at));
  });
}

const SHIFT = 16;

/** The values of some ranks. Bits of floats, turned about for negative ones, sort as they do: bins of their upper half
 * leave few to sort. */
function ranked(values: Float32Array, ranks: number[]): number[] {
  if (values.length < 4096) {
    const sorted = values.slice().sort();
    return ranks.map((rank) => sorted[rank]);
  }
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const counts = new Uint32Array(1 << SHIFT);
  const binOf = (bit: number): number => (bit < 0 ? ~bit >>> SHIFT : (bit >>> SHIFT) + (1 << (SHIFT - 1)));
  for (let i = 0; i < bits.length; i++) counts[binOf(bits[i])]++;
  const places = ranks.map((rank) => {
    let [bin, below] = [0, 0];
    while (below + counts[bin] <= rank) below += counts[bin++];
    return { bin, at: rank - below };
  });
  const wanted = new Map(places.map(({ bin }) => [bin, new Float32Array(counts[bin])]));
  const filled = new Map([...wanted.keys()].map((bin) => [bin, 0]));
  const isWanted = new Uint8Array(1 << SHIFT);
  for (const bin of wanted.keys()) isWanted[bin] = 1;
  for (let i = 0; i < bits.length; i++) {
    const bin = binOf(bits[i]);
    if (!isWanted[bin]) continue;
    const n = filled.get(bin)!;
    wanted.get(bin)![n] = values[i];
    filled.set(bin, n + 1);
  }
  for (const some of wanted.values()) some.sort();
  return places.map(({ bin, at }) => wanted.get(bin)![at]);
}
