// Where the rows or columns of a matrix are: runs of cells with gaps between them, and the pixels that show them. Pure.

export interface Span {
  first: number;
  n: number;
}

/** Rows or columns on a line of CSS pixels. */
export class Axis {
  readonly spans: Span[];
  readonly start: number; // where the first cell begins
  readonly size: number; // of a cell
  readonly gap: number;

  constructor(spans: Span[], start: number, size: number, gap: number) {
    this.spans = spans;
    this.start = start;
    this.size = size;
    this.gap = gap;
  }

  get length(): number {
    return this.nCells * this.size + this.gap * (this.spans.length - 1);
  }

  get nCells(): number {
    const { first, n } = this.spans[this.spans.length - 1];
    return first + n;
  }

  #span(cell: number): number {
    let s = 0;
    while (s + 1 < this.spans.length && this.spans[s + 1].first <= cell) s++;
    return s;
  }

  /** Where a cell begins. */
  from(cell: number): number {
    return this.start + cell * this.size + this.#span(cell) * this.gap;
  }

  /** The cell at a pixel; -1 in gaps and beyond. */
  at(pixel: number): number {
    for (const { first, n } of this.spans) {
      const inside = Math.floor((pixel - this.from(first)) / this.size);
      if (inside >= 0 && inside < n) return first + inside;
    }
    return -1;
  }
}

/** What device pixels of a window show: each pixel a slot, each slot some cells, `first` to before `last`. */
export interface Slots {
  of: Int32Array; // by pixel; -1 where nothing is
  first: Int32Array;
  last: Int32Array;
}

const LEAST_SEAMED = 7; // CSS pixels of a cell that is set apart from the next by a line of paper

/** The slots of `n` device pixels from `low` on, of which there are `ratio` to a CSS pixel. */
export function slotsOf(axis: Axis, low: number, n: number, ratio: number): Slots {
  const of = new Int32Array(n).fill(-1);
  const [first, last]: number[][] = [[], []];
  const size = axis.size * ratio;
  const seam = axis.size >= LEAST_SEAMED ? 1 : 0;
  for (const span of axis.spans) {
    const start = (axis.from(span.first) - low) * ratio;
    const stop = start + span.n * size;
    let shown = -1;
    for (let p = Math.max(0, Math.floor(start)); p < Math.min(n, Math.ceil(stop)); p++) {
      const from = size < 1 ? Math.ceil((p - start) / size - 1e-9) : Math.floor((p + 0.5 - start) / size);
      const to = size < 1 ? Math.ceil((p + 1 - start) / size - 1e-9) : from + 1;
      const [a, b] = [Math.max(0, from), Math.min(span.n, to)];
      if (a >= b || from + 1 > span.n) continue;
      if (size < 1 || a !== shown) {
        first.push(span.first + a);
        last.push(span.first + b);
        shown = a;
      }
      const isSeam = seam > 0 && Math.floor((p + 1.5 - start) / size) !== from;
      if (!isSeam) of[p] = first.length - 1;
    }
  }
  return { of, first: Int32Array.from(first), last: Int32Array.from(last) };
}

/** The most cells that share a pixel. */
export const mostShared = ({ first, last }: Slots): number =>
  first.reduce((most, from, i) => Math.max(most, last[i] - from), 1);
