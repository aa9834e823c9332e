// Rasterises bundles of straight links into planes, one column of pixels after another. Pure arithmetic; the twin of
// wasm/raster.ts, which gives the same pixels.

/** Fractional bits of the fixed-point y: 1/4096 of a pixel. */
export const FRACTION_BITS = 12;
/** Links that are prepared at a time; between two lots a caller may do something else. */
export const LOT = 8_192;

/** The inner loops over one lot of links; `y` is at the centre of the first column, `dy` what a step adds to it. */
export interface Kernel {
  readonly name: "wasm" | "ts";
  /** Room for a plane of bytes (or, for sums, of int32) and a lot of links; valid until the next call. */
  prepare(nPixels: number): Scratch;
  /**
   * Store each link's level in the pixels that are empty; links come strongest first, so that the strongest one wins.
   * Where they meet full rows only they are skipped, which is nearly everywhere once some thousands are drawn.
   */
  strongest(scratch: Scratch, width: number, height: number, n: number, nSteps: number): void;
  /** Add each link's signed level. */
  sum(scratch: Scratch, width: number, height: number, n: number): void;
}

export interface Scratch {
  bytes: Uint8Array; // (width * height), column after column
  sums: Int32Array; // the same memory
  y: Int32Array;
  dy: Int32Array;
  level: Int16Array;
  open: Uint16Array; // (height + 1,), the kernel's own
}

/** Columns done for one link before the next: few enough that their pixels stay in the fastest cache. */
const TILE = 64;
/** Links after which rows that are full are looked for; then after twice as many. */
const FEW = 1024;

/** How many rows above each row have a pixel that is still empty, in the columns from `begin` to `end`. */
function countOpen(bytes: Uint8Array, open: Uint16Array, begin: number, end: number, height: number): void {
  for (let row = 0, nOpen = 0; row <= height; row++) {
    open[row] = nOpen;
    let q = begin + row;
    while (q < end && bytes[q] !== 0) q += height;
    if (q < end) nOpen++;
  }
}

export class PlainKernel implements Kernel {
  readonly name = "ts";
  #scratch: Scratch | null = null;

  prepare(nPixels: number): Scratch {
    if (!this.#scratch || this.#scratch.sums.length < nPixels) {
      const sums = new Int32Array(nPixels);
      const [y, dy] = [new Int32Array(LOT), new Int32Array(LOT)];
      const lot = { y, dy, level: new Int16Array(LOT), open: new Uint16Array(LOT) };
      this.#scratch = { bytes: new Uint8Array(sums.buffer), sums, ...lot };
    }
    return this.#scratch;
  }

  strongest(
    { bytes, y, dy, level, open }: Scratch,
    width: number,
    height: number,
    n: number,
    nSteps: number,
  ) {
    for (let first = 0; first < width; first += TILE) {
      const last = Math.min(width, first + TILE);
      const steps = (last - first) * nSteps;
      const [begin, end] = [first * height, last * height];
      for (let p = 0, stop = 0; p < n; ) {
        countOpen(bytes, open, begin, end, height);
        for (stop = Math.min(n, 2 * stop + FEW); p < stop; p++) {
          const step = dy[p];
          let at = y[p];
          const next = at + steps * step;
          y[p] = next;
          const low = Math.min(at, next - step) >> FRACTION_BITS;
          const high = Math.max(at, next - step) >> FRACTION_BITS;
          if (open[low] === open[high + 1]) continue;
          const l = level[p];
          for (let q = begin; q < end; q += height)
            for (let s = 0; s < nSteps; s++, at += step) {
              const cell = q + (at >> FRACTION_BITS);
              if (bytes[cell] === 0) bytes[cell] = l;
            }
        }
      }
    }
  }

  sum({ sums, y, dy, level }: Scratch, width: number, height: number, n: number) {
    for (let first = 0; first < width; first += TILE) {
      const last = Math.min(width, first + TILE);
      for (let p = 0; p < n; p++) {
        const [step, l] = [dy[p], level[p]];
        let at = y[p];
        for (let x = first, q = first * height; x < last; x++, q += height, at += step)
          sums[q + (at >> FRACTION_BITS)] += l;
        y[p] = at;
      }
    }
  }
}
