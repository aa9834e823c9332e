// Round values between two numbers, and places in sorted lists. Pure numbers; their texts are made where they are shown.

/**
 * About `count` (at least 2) round values from `low` to `high`: multiples of 1, 2 or 5 times a power of ten, falling if
 * the span falls. After P. S. Heckbert, "Nice numbers for graph labels", Graphics Gems (1990); the factors change over
 * where those of d3-array do. Where the step is below 1 values are quotients: 0.3 is 3 / 10, not 3 * 0.1.
 */
export function ticks(low: number, high: number, count: number): number[] {
  if (high < low) return ticks(high, low, count).reverse();
  if (high === low) return [low];
  const rough = (high - low) / count;
  const power = Math.floor(Math.log10(rough));
  const share = rough / 10 ** power;
  const factor = [1, 2, 5, 10][[2, 10, 50].filter((square) => share >= Math.sqrt(square)).length];
  const [unit, per] = power < 0 ? [1, 10 ** -power / factor] : [10 ** power * factor, 1];
  const value = (i: number) => (i * unit) / per;
  let [first, last] = [low, high].map((end) => Math.round((end * per) / unit));
  if (value(first) < low) first++;
  if (value(last) > high) last--;
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => value(first + i));
}

/** How many values of a sorted list are less than x. */
export const bisectLeft = (list: ArrayLike<number>, x: number): number => count(list, (value) => value < x);

/** How many values of a sorted list are at most x. */
export const bisectRight = (list: ArrayLike<number>, x: number): number => count(list, (value) => value <= x);

/** How many values lead the list for which something holds that, from some place on, holds for none. */
function count(list: ArrayLike<number>, holds: (value: number) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(list[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
