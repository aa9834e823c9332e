// From a weight to what the eye sees: domain, level, colour, width, opacity. Pure; knows no canvas.

export type Rgb = readonly [number, number, number];
export interface Palette {
  positive: Rgb;
  negative: Rgb;
  unsigned: Rgb;
  zero: Rgb;
  odd: Rgb;
}

/** Blue and red-orange stay apart for the three dichromacies; `unsigned` is for norms, `odd` for NaN and infinities. */
export const PALETTES: Record<"light" | "dark", Palette> = {
  light: {
    positive: [24, 95, 178],
    negative: [208, 69, 20],
    unsigned: [72, 76, 84],
    zero: [178, 182, 188],
    odd: [181, 23, 158],
  },
  dark: {
    positive: [98, 176, 255],
    negative: [255, 128, 66],
    unsigned: [206, 210, 216],
    zero: [92, 97, 104],
    odd: [247, 107, 226],
  },
};

/** What the diagram is drawn on. */
export const PAPERS: Record<"light" | "dark", Rgb> = { light: [255, 255, 255], dark: [23, 25, 28] };

export const N_LEVELS = 24;
export const DOMAIN_QUANTILE = 0.995;

/** A style of line: how a link of one level and kind is stroked. */
export interface LineStyle {
  stroke: string;
  width: number;
  dash: number[];
}

export const rgba = ([r, g, b]: Rgb, alpha: number): string => `rgba(${r},${g},${b},${alpha.toFixed(3)})`;
/** Whether dark text is read better on a colour than light text. */
export const isLight = ([r, g, b]: Rgb): boolean => 0.2126 * r + 0.7152 * g + 0.0722 * b > 130;

export const mixRgb = (a: Rgb, b: Rgb, t: number): Rgb =>
  [0, 1, 2].map((c) => Math.round(a[c] + (b[c] - a[c]) * t)) as unknown as Rgb;

export const widthOf = (share: number, maxWidth: number): number => 0.5 + (maxWidth - 0.5) * share;
export const opacityOf = (share: number, exponent: number): number => 0.05 + 0.92 * share ** exponent;

/** Opacity grows as |w| to this power: the more lines there are, the more the weak ones step back. */
export function opacityExponent(nLines: number): number {
  if (nLines <= 200) return 1.25;
  if (nLines <= 800) return 2;
  return nLines <= 2500 ? 2.75 : 3.25;
}

/** Colour of a share of the domain, in [-1, 1], on white or black paper (for matrices and strips). */
export function shade(palette: Palette, share: number, signed: boolean, paper: Rgb): Rgb {
  if (Number.isNaN(share)) return palette.odd;
  const hue = signed ? (share < 0 ? palette.negative : palette.positive) : palette.unsigned;
  return mixRgb(paper, hue, Math.min(1, Math.abs(share)) ** 0.8);
}

// A link's kind and level share one byte: kinds 1 negative, 2 positive, 3 unsigned, 4 odd; 0 is not drawn.
export const NEGATIVE = 1;
export const POSITIVE = 2;
export const UNSIGNED = 3;
export const ODD = 4;
export const N_BUCKETS = N_LEVELS * 4 + 1;
export const bucketOf = (kind: number, level: number): number => level * 4 + kind;

/** All line styles by bucket, weakest first; odd values (NaN, infinities) are dashed and never faint. */
export function lineStyles(palette: Palette, maxWidth: number, exponent: number): LineStyle[] {
  const styles: LineStyle[] = [{ stroke: "transparent", width: 0, dash: [] }];
  for (let level = 0; level < N_LEVELS; level++) {
    const share = (level + 0.5) / N_LEVELS;
    for (const hue of [palette.negative, palette.positive, palette.unsigned]) {
      const colour = mixRgb(palette.zero, hue, Math.min(1, share * 2.2) ** 0.6);
      styles.push({
        stroke: rgba(colour, opacityOf(share, exponent)),
        width: widthOf(share, maxWidth),
        dash: [],
      });
    }
    styles.push({ stroke: rgba(palette.odd, 0.9), width: 1.5, dash: [4, 3] });
  }
  return styles;
}

/** The bucket of one value: its kind (sign, or odd) and its level on the domain. */
export function classify(value: number, domain: number, signed: boolean): number {
  if (!Number.isFinite(value)) return bucketOf(ODD, N_LEVELS - 1);
  const share = domain > 0 ? Math.abs(value) / domain : 0;
  const level = share >= 1 ? N_LEVELS - 1 : Math.floor(share * N_LEVELS);
  return bucketOf(signed ? (value < 0 ? NEGATIVE : POSITIVE) : UNSIGNED, level);
}

/**
 * The 99.5 % quantile of the finite magnitudes (their maximum if that is 0), exact. The bits of a positive float grow
 * with it: a histogram of their upper half finds the few values that need sorting.
 */
export function domainOf(chunks: Iterable<Float32Array>): number {
  const list = [...chunks].map((chunk) => new Uint32Array(chunk.buffer, chunk.byteOffset, chunk.length));
  const counts = new Uint32Array(65_536);
  for (const bits of list) for (let i = 0; i < bits.length; i++) counts[(bits[i] & MAGNITUDE) >>> 15]++;
  const nFinite = counts.subarray(0, INFINITE_BIN).reduce((sum, n) => sum + n, 0);
  if (nFinite === 0) return 0;
  const at = DOMAIN_QUANTILE * (nFinite - 1);
  const rank = Math.floor(at);
  const { sorted, below } = binOfRank(list, counts, rank);
  const low = magnitude(sorted[rank - below]);
  const next = Math.min(nFinite - 1, rank + 1) - below;
  // the next larger one may be the first of a further bin
  const high = next < sorted.length ? sorted[next] : binOfRank(list, counts, next + below).sorted[0];
  const quantile = low + (magnitude(high) - low) * (at - rank);
  return quantile || magnitude(binOfRank(list, counts, nFinite - 1).sorted.at(-1)!);
}

const MAGNITUDE = 0x7fff_ffff; // all bits of a float32 but its sign
const INFINITE_BIN = 0x7f80_0000 >>> 15; // infinities and NaN from here on

const magnitude = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0];

/** The bits of all magnitudes that share a bin with the one of a rank, sorted, and how many are in bins below. */
function binOfRank(
  list: Uint32Array[],
  counts: Uint32Array,
  rank: number,
): { sorted: Uint32Array; below: number } {
  let [bin, below] = [0, 0];
  while (below + counts[bin] <= rank) below += counts[bin++];
  const inBin = new Uint32Array(counts[bin]);
  let n = 0;
  for (const bits of list)
    for (let i = 0; i < bits.length; i++)
      if ((bits[i] & MAGNITUDE) >>> 15 === bin) inBin[n++] = bits[i] & MAGNITUDE;
  return { sorted: inBin.sort(), below };
}

/** A value as text: four significant digits, a true minus sign, NaN and infinities by name. */
export function formatValue(value: number | null | undefined): string {
  if (value === null || value === undefined) return "not recorded";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "−Inf";
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-4 || size >= 1e6) ? size.toExponential(3) : String(Number(size.toPrecision(4)));
  return (value < 0 ? "−" : "") + text.replace("e-", "e−").replace("e+", "e");
}

/** A count with thin spaces between thousands. */
export const formatCount = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");

/** A large count in three digits: 9 408, 74.0 k, 11.7 M, 1.56 G. */
export function formatAmount(n: number): string {
  const unit = n >= 999.5e6 ? 1e9 : n >= 999.5e3 ? 1e6 : n >= 1e4 ? 1e3 : 1;
  if (unit === 1) return formatCount(n);
  return `${(n / unit).toPrecision(3)}\u2009${{ 1e3: "k", 1e6: "M", 1e9: "G" }[unit]}`;
}

export interface Range {
  text: string; // "−0.31 … 0.42"
  nOdd: number; // NaN or infinite
  nBeyond: number;
}

/** What numbers range over, and how many of them a picture on a domain cannot tell. */
export function rangeOf(values: ArrayLike<number>, domain: number): Range {
  const all = Array.from(values);
  const finite = all.filter(Number.isFinite);
  const low = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return {
    text: finite.length > 0 ? `${formatValue(low)} … ${formatValue(high)}` : "no finite value",
    nOdd: all.length - finite.length,
    nBeyond: finite.filter((value) => Math.abs(value) > domain).length,
  };
}
