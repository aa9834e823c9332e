// The fastest kernel that this page may run: WebAssembly where the policy allows it, its TypeScript twin otherwise.
import { type Kernel, LOT, PlainKernel, type Scratch } from "../raster";

/** @boundary */
interface Exports {
  memory: WebAssembly.Memory;
  strongest(
    plane: number,
    y: number,
    dy: number,
    level: number,
    open: number,
    width: number,
    height: number,
    n: number,
    nSteps: number,
  ): void;
  sum(plane: number, y: number, dy: number, level: number, width: number, height: number, n: number): void;
}

const PAGE_BYTES = 65_536;
const [Y, DY, LEVEL, OPEN, PLANE] = [0, 4, 8, 10, 12].map((bytes) => 1024 + bytes * LOT); // addresses

class WasmKernel implements Kernel {
  readonly #exports: Exports;
  readonly name = "wasm";

  constructor(exports: Exports) {
    this.#exports = exports;
  }

  prepare(nPixels: number): Scratch {
    const { memory } = this.#exports;
    const missing = PLANE + 4 * nPixels - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    const { buffer } = memory;
    return {
      bytes: new Uint8Array(buffer, PLANE, 4 * nPixels),
      sums: new Int32Array(buffer, PLANE, nPixels),
      y: new Int32Array(buffer, Y, LOT),
      dy: new Int32Array(buffer, DY, LOT),
      level: new Int16Array(buffer, LEVEL, LOT),
      open: new Uint16Array(buffer, OPEN, LOT),
    };
  }

  strongest(_: Scratch, width: number, height: number, n: number, nSteps: number): void {
    this.#exports.strongest(PLANE, Y, DY, LEVEL, OPEN, width, height, n, nSteps);
  }

  sum(_: Scratch, width: number, height: number, n: number): void {
    this.#exports.sum(PLANE, Y, DY, LEVEL, width, height, n);
  }
}

/** Load the kernel from its WebAssembly module; the plain one where that is missing or forbidden. */
export async function loadKernel(bytes: Uint8Array<ArrayBuffer> | null): Promise<Kernel> {
  try {
    if (!bytes) return new PlainKernel();
    const { instance } = await WebAssembly.instantiate(bytes);
    return new WasmKernel(instance.exports as unknown as Exports);
  } catch {
    return new PlainKernel(); // a policy without wasm-unsafe-eval
  }
}
