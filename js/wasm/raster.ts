// The inner loops of src/raster.ts in AssemblyScript: the same pixels, faster. Compiled by build.mjs.

const FRACTION_BITS: i32 = 12;
const TILE: i32 = 32;

export function strongest(
  plane: usize, y: usize, dy: usize, level: usize, width: i32, height: i32, n: i32, nSteps: i32,
): void {
  for (let first = 0; first < width; first += TILE) {
    const last = min(width, first + TILE);
    for (let p = 0; p < n; p++) {
      const step = load<i32>(dy + (<usize>p << 2));
      const l = load<u8>(level + (<usize>p << 1));
      let at = load<i32>(y + (<usize>p << 2));
      let q = plane + first * height;
      let x = first;
      if (nSteps === 1) {
        for (; x + 4 <= last; x += 4) {
          store<u8>(q + (at >> FRACTION_BITS), l); at += step; q += height;
          store<u8>(q + (at >> FRACTION_BITS), l); at += step; q += height;
          store<u8>(q + (at >> FRACTION_BITS), l); at += step; q += height;
          store<u8>(q + (at >> FRACTION_BITS), l); at += step; q += height;
        }
      }
      for (; x < last; x++) {
        for (let s = 0; s < nSteps; s++) {
          store<u8>(q + (at >> FRACTION_BITS), l);
          at += step;
        }
        q += height;
      }
      store<i32>(y + (<usize>p << 2), at);
    }
  }
}

export function sum(
  plane: usize, y: usize, dy: usize, level: usize, width: i32, height: i32, n: i32,
): void {
  for (let first = 0; first < width; first += TILE) {
    const last = min(width, first + TILE);
    for (let p = 0; p < n; p++) {
      const step = load<i32>(dy + (<usize>p << 2));
      const l = <i32>load<i16>(level + (<usize>p << 1));
      let at = load<i32>(y + (<usize>p << 2));
      let q = plane + ((first * height) << 2);
      for (let x = first; x < last; x++) {
        const cell = q + ((at >> FRACTION_BITS) << 2);
        store<i32>(cell, load<i32>(cell) + l);
        at += step;
        q += height << 2;
      }
      store<i32>(y + (<usize>p << 2), at);
    }
  }
}
