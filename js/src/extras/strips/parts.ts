// How many things share few pixels: one by one while they fit, several to a pixel beyond. Pure numbers.

/** What lies between two places of a strip's image. */
export interface Part {
  first: number; // of the things
  last: number; // behind the last one
  start: number; // pixels
  stop: number;
}

/** `n` things along `length` pixels. */
export function partsOf(n: number, length: number): Part[] {
  const isApart = n <= length;
  const count = isApart ? n : length;
  const [perThing, perPixel] = [isApart ? 1 : n / length, isApart ? length / n : 1];
  return Array.from({ length: count }, (_, i) => ({
    first: Math.floor(i * perThing),
    last: isApart ? i + 1 : Math.floor((i + 1) * perThing),
    start: Math.round(i * perPixel),
    stop: Math.round((i + 1) * perPixel),
  }));
}

/** Not recorded, or still with the kernel. What was recorded and is no number is NaN. */
export const MISSING = Number.POSITIVE_INFINITY;

/** A recorded value as strips keep it. */
export const kept = (value: number): number => (Number.isFinite(value) ? value : Number.NaN);

/** The one of two values that a shared pixel shows: NaN, which is never hidden, else the larger magnitude. */
export function stronger(a: number, b: number): number {
  return b !== MISSING && (a === MISSING || Number.isNaN(b) || Math.abs(b) > Math.abs(a)) ? b : a;
}
