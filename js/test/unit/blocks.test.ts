import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type BlockEntry, type JsonNumber, nValues, readBlock, valueAt, valuesAt } from "../../src/blocks";

const fixtures = new URL("../../../tests/fixtures/", import.meta.url);
const part = new Uint8Array(readFileSync(new URL("blocks.bin", fixtures)));
type Fixture = BlockEntry & { values: JsonNumber[] };
const blocks: Fixture[] = JSON.parse(readFileSync(new URL("blocks.json", fixtures), "utf8"));

const LARGEST = 3.4028234663852886e38;

/** The values of all checkpoints of a block. */
async function decodeBlock(entry: BlockEntry, bytes: Uint8Array): Promise<number[]> {
  const block = await readBlock(entry, bytes);
  return Array.from({ length: entry.stop - entry.start }, (_, k) => [
    ...valuesAt(block, entry.start + k),
  ]).flat();
}

/** A number as the browser keeps it: in float32, never an infinity that was none. */
function kept(value: JsonNumber): number {
  const number = Number(value);
  return Number.isFinite(number) ? Math.fround(Math.max(-LARGEST, Math.min(LARGEST, number))) : number;
}

function entry(fields: Partial<BlockEntry>): BlockEntry {
  const none = { run: "run", quantity: "weights", name: "w", part: 0, offset: 0, n_bytes: 0 } as const;
  return { ...none, dims: [1], dtype: "float32", scale: 1, start: 0, stop: 1, coding: "raw", ...fields };
}

describe("the bytes that Python wrote", () => {
  it.each(blocks)("$name", async (block) => {
    const bytes = part.subarray(block.offset, block.offset + block.n_bytes);
    const values = await decodeBlock(block, bytes);
    expect(values.length).toBe(nValues(block));
    expect(Array.from(values)).toEqual(block.values.map(kept));
  });
});

test("single values are those of their checkpoint", async () => {
  for (const block of blocks) {
    const read = await readBlock(block, part.subarray(block.offset, block.offset + block.n_bytes));
    for (let k = block.start; k < block.stop; k++)
      expect(valuesAt(read, k).map((_, i) => valueAt(read, k, i))).toEqual(valuesAt(read, k));
  }
});

test("blocks are kept as their codes", async () => {
  const block = await readBlock(entry({ dtype: "int8", dims: [8] }), new Uint8Array(8));
  expect(block.codes.byteLength).toBe(8);
});

test("some of the blocks are misaligned, some deflated, some raw", () => {
  expect(blocks.some((block) => block.dtype === "float32" && block.offset % 4 !== 0)).toBe(true);
  expect(new Set(blocks.map((block) => block.coding))).toEqual(new Set(["raw", "deflate"]));
});

test("all half-precision codes have their value", async () => {
  const codes = Uint16Array.from({ length: 1 << 16 }, (_, code) => code);
  const values = await decodeBlock(
    entry({ dtype: "float16", dims: [1 << 16] }),
    new Uint8Array(codes.buffer),
  );
  const cases = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c00, 0xc000, 0x7bff, 0x7c00, 0xfc00, 0x7e00];
  const small = [0, -0, 2 ** -24, 1023 * 2 ** -24, 2 ** -14];
  expect(cases.map((code) => values[code])).toEqual([
    ...small,
    1,
    -2,
    65504,
    Infinity,
    -Infinity,
    Number.NaN,
  ]);
});

test("differences of any codes add up again", async () => {
  const rows = fc
    .integer({ min: 1, max: 5 })
    .chain((n) =>
      fc.array(fc.array(fc.float({ noNaN: true }), { minLength: n, maxLength: n }), { maxLength: 4 }),
    );
  await fc.assert(
    fc.asyncProperty(rows, async (history) => {
      const dims = [history[0]?.length ?? 1];
      const values = await decodeBlock(
        entry({ dims, stop: history.length, coding: "deflate" }),
        deflated(history),
      );
      expect(Array.from(values)).toEqual(history.flat());
    }),
  );
});

/** Code a history of float32 rows as Python does. */
function deflated(history: number[][]): Uint8Array {
  const codes = new Uint32Array(Float32Array.from(history.flat()).buffer);
  const stride = history[0]?.length ?? 1;
  const differences = codes.map((code, i) => (i < stride ? code : code - codes[i - stride]));
  const planes = [0, 8, 16, 24].flatMap((shift) => Array.from(differences, (code) => (code >>> shift) & 255));
  return new Uint8Array(deflateSync(Uint8Array.from(planes)));
}

test("the part that a block was cut from stays as it was", async () => {
  const bytes = new Uint8Array([0, 0, 128, 63]);
  const block = await readBlock(entry({}), bytes);
  block.codes[0] = 7;
  expect(Array.from(bytes)).toEqual([0, 0, 128, 63]);
});

test("cut bytes are refused with a sentence", async () => {
  const bytes = new Uint8Array(7);
  await expect(decodeBlock(entry({ dims: [2] }), bytes)).rejects.toThrow(
    "block of w, checkpoints 0 to 0, holds 7 bytes instead of 8; the data is cut or damaged",
  );
  await expect(decodeBlock(entry({ coding: "deflate" }), bytes)).rejects.toThrow();
});

test("an unknown type is refused with a sentence", async () => {
  const odd = entry({ dtype: "int4" as BlockEntry["dtype"] });
  await expect(decodeBlock(odd, new Uint8Array(1))).rejects.toThrow("block of w has the unknown type int4");
});

test("two checkpoints of a million weights are read in good time", async () => {
  const n = 1_000_000;
  const start = performance.now();
  const block = await readBlock(entry({ dtype: "int8", dims: [n], stop: 2 }), new Uint8Array(2 * n));
  for (const k of [0, 1]) valuesAt(block, k);
  expect(performance.now() - start).toBeLessThan(500);
});
