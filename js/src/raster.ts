// Rasterises bundles of straight links into planes, one column of pixels after another. Pure arithmetic; the twin of
// wasm/raster.ts, which gives the same pixels.

/** Fractional bits of the fixed-point y: 1/4096 of a pixel. */
export const FRACTION_BITS = 12;
/** Links that are prepared at a time; between two lots a caller may do something else. */
export const LOT = 32_768;

/** The inner loops over one lot of links; `y` is at the centre of the first column, `dy` what a step adds to it. */
export interface Kernel {
  readonly name: "wasm" | "ts";
  /** Room for a plane of bytes (or, for sums, of int32) and a lot of links; valid until the next call. */
  prepare(nPixels: number): Scratch;
  /** Store each link's level; links come weakest first, so that the strongest link wins the pixel. */
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
}

/** Columns done for one link before the next: few enough that their pixels stay in the fastest cache. */
const TILE = 32;

export class PlainKernel implements Kernel {
  readonly name = "ts";
  #scratch: Scratch | null = null;

  prepare(nPixels: number): Scratch {
    if (!this.#scratch || this.#scratch.sums.length < nPixels) {
      const sums = new Int32Array(nPixels);
      const lot = { y: new Int32Array(LOT), dy: new Int32Array(LOT), level: new Int16Array(LOT) };
      this.#scratch = { bytes: new Uint8Array(sums.buffer), sums, ...lot };
    }
    return this.#scratch;
  }

  strongest({ bytes, y, dy, level }: Scratch, width: number, height: number, n: number, nSteps: number) {
    for (let first = 0; first < width; first += TILE) {
      const last = Math.min(width, first + TILE);
      for (let p = 0; p < n; p++) {
        const [step, l] = [dy[p], level[p]];
        let at = y[p];
        let x = first;
        let q = first * height;
        if (nSteps === 1) {
          // four written out at a time: the loop's own work would take as long as the stores
          const last4 = last - 3;
          for (; x < last4; x += 4, q += 4 * height, at += 4 * step) {
            bytes[q + (at >> FRACTION_BITS)] = l;
            bytes[q + height + ((at + step) >> FRACTION_BITS)] = l;
            bytes[q + 2 * height + ((at + 2 * step) >> FRACTION_BITS)] = l;
            bytes[q + 3 * height + ((at + 3 * step) >> FRACTION_BITS)] = l;
          }
        }
        for (; x < last; x++, q += height)
          for (let s = 0; s < nSteps; s++, at += step) bytes[q + (at >> FRACTION_BITS)] = l;
        y[p] = at;
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
