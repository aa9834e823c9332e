// The inner loops of src/raster.ts in AssemblyScript: the same pixels, faster. Compiled by build.mjs.

const FRACTION_BITS: i32 = 12;
const TILE: i32 = 64;
const FEW: i32 = 1024;

export function strongest(
  plane: usize, y: usize, dy: usize, level: usize, open: usize, width: i32, height: i32, n: i32, nSteps: i32,
): void {
  for (let first = 0; first < width; first += TILE) {
    const last = min(width, first + TILE);
    const steps = (last - first) * nSteps;
    const begin = plane + first * height;
    const end = plane + last * height;
    for (let p = 0, stop = 0; p < n; ) {
      countOpen(open, begin, end, height);
      for (stop = min(n, 2 * stop + FEW); p < stop; p++) {
        const step = load<i32>(dy + (<usize>p << 2));
        let at = load<i32>(y + (<usize>p << 2));
        const next = at + steps * step;
        store<i32>(y + (<usize>p << 2), next);
        const low = min(at, next - step) >> FRACTION_BITS;
        const high = max(at, next - step) >> FRACTION_BITS;
        if (load<u16>(open + (<usize>low << 1)) === load<u16>(open + (<usize>high << 1), 2)) continue;
        const l = load<u8>(level + (<usize>p << 1));
        for (let q = begin; q < end; q += height)
          for (let s = 0; s < nSteps; s++) {
            const cell = q + (at >> FRACTION_BITS);
            if (load<u8>(cell) === 0) store<u8>(cell, l);
            at += step;
          }
      }
    }
  }
}

/** How many rows above each row have a pixel that is still empty. */
function countOpen(open: usize, begin: usize, end: usize, height: i32): void {
  let nOpen = 0;
  for (let row = 0; row <= height; row++) {
    store<u16>(open + (<usize>row << 1), <u16>nOpen);
    let q = begin + row;
    while (q < end && load<u8>(q) !== 0) q += height;
    if (q < end) nOpen++;
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
