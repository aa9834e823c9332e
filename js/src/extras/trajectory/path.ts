// Lines as paths of at most four points a pixel column, and how near a point is to one. Pure numbers in pixels.

/** What a path is drawn with: a canvas, or what writes it down. */
export type Pen = Pick<CanvasPath, "moveTo" | "lineTo">;

/** A line in pixels; NaN where there is no point. */
export interface Track {
  x: ArrayLike<number>;
  y: ArrayLike<number>;
}

/** Draw a track from point `from` to before `to`: of the points of each column the first, lowest, highest and last. */
export function trace({ x, y }: Track, from: number, to: number, column: number, pen: Pen): void {
  let isDown = false; // the pen, on a point of the same stretch
  let nInStretch = 0;
  let [first, low, high, last] = [-1, -1, -1, -1];
  let lastDrawn = -1;
  const put = (i: number) => {
    if (isDown) pen.lineTo(x[i], y[i]);
    else pen.moveTo(x[i], y[i]);
    isDown = true;
    nInStretch++;
  };
  const flush = () => {
    if (first < 0) return;
    put(first);
    const [a, b] = low < high ? [low, high] : [high, low];
    if (a !== first && a !== last) put(a);
    if (b !== a && b !== first && b !== last) put(b);
    if (last !== first) put(last);
    first = -1;
  };
  const end = () => {
    flush();
    if (nInStretch === 1) pen.lineTo(x[lastDrawn] + 0.01, y[lastDrawn]); // a point alone is a dot
    isDown = false;
    nInStretch = 0;
  };
  let at = 0;
  for (let i = from; i < to; i++) {
    if (!(Number.isFinite(y[i]) && Number.isFinite(x[i]))) {
      end();
      continue;
    }
    const here = Math.floor(x[i] / column);
    if (first >= 0 && here !== at) flush();
    if (first < 0) {
      first = low = high = i;
      at = here;
    }
    if (y[i] < y[low]) low = i;
    if (y[i] > y[high]) high = i;
    last = lastDrawn = i;
  }
  end();
}

/** A path of SVG. */
export function pathOf(track: Track, from: number, to: number): string {
  const parts: string[] = [];
  const round = (value: number) => Math.round(value * 100) / 100;
  trace(track, from, to, 1, {
    moveTo: (x, y) => parts.push(`M${round(x)},${round(y)}`),
    lineTo: (x, y) => parts.push(`L${round(x)},${round(y)}`),
  });
  return parts.join("");
}

/** The points of a track from just before to just after a range of pixels; places that come first may be NaN. */
export function within(x: ArrayLike<number>, low: number, high: number): [from: number, to: number] {
  let [from, to] = [0, x.length];
  while (from < to && !(x[from] >= low)) from++;
  while (to > from && !(x[to - 1] <= high)) to--;
  return [Math.max(0, from - 1), Math.min(x.length, to + 1)];
}

/** How far a point is from some points of a track, in pixels. */
export function distanceTo({ x, y }: Track, [from, to]: [number, number], px: number, py: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(y[i])) continue;
    const isAlone = !(i + 1 < to && Number.isFinite(y[i + 1]));
    const [dx, dy] = isAlone ? [0, 0] : [x[i + 1] - x[i], y[i + 1] - y[i]];
    const length = dx * dx + dy * dy;
    const share = length > 0 ? ((px - x[i]) * dx + (py - y[i]) * dy) / length : 0;
    const t = Math.max(0, Math.min(1, share));
    least = Math.min(least, Math.hypot(px - x[i] - t * dx, py - y[i] - t * dy));
  }
  return least;
}

/** How long some points of a track are as a line, without its gaps. */
export function lengthOf({ x, y }: Track, from: number, to: number): number {
  let length = 0;
  for (let i = from + 1; i < to; i++) length += Math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]) || 0;
  return length;
}
