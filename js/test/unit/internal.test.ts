import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { describe, expect, it } from "vitest";
import internal from "../../src/internal.json";

const root = join(__dirname, "..", "..");
const words = (text: string): Set<string> => new Set(text.match(/\w+/g));
const among = (known: Set<string>) => internal.filter((name) => known.has(name));

/** The texts of all files below a folder with this ending. */
function textsBelow(folder: string, ending: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

/** The source without its types, which may name properties in quotes. */
const source = textsBelow(join(root, "src"), ".ts")
  .map((text) => transformSync(text, { loader: "ts" }).code)
  .join("\n");

describe("a property that the build gives a short name", () => {
  it("is in camel case, which neither attributes nor the boundary are in", () => {
    expect(internal.filter((name) => !/^[a-z]+([A-Z][a-z]*)+$/.test(name))).toEqual([]);
  });
  it("is used in the source", () => {
    expect(among(words(source))).toEqual(internal);
  });
  it("is none of the document's or the language's, as TypeScript knows them", () => {
    const known = words(textsBelow(join(root, "node_modules", "@typescript"), ".d.ts").join("\n"));
    expect([...known]).toEqual(expect.arrayContaining(["clientWidth", "isFinite"]));
    expect(among(known)).toEqual([]);
  });
  it("is not known to Python, nor told of in the boundary", () => {
    const texts = textsBelow(join(root, "..", "nnweightviz"), ".py");
    const boundary = readFileSync(join(root, "..", "docs", "boundary.md"), "utf8");
    expect(among(words([...texts, boundary].join("\n")))).toEqual([]);
  });
  it("is no string and no data attribute", () => {
    const found = [...source.matchAll(/["'`](\w+)["'`]|dataset\.(\w+)/g)].map(
      (match) => match[1] ?? match[2],
    );
    expect(found).toEqual(expect.arrayContaining(["weights", "picture"]));
    expect(among(new Set(found))).toEqual([]);
  });
  it("is not shared by copies of the code, which may be of other versions", () => {
    expect(among(words(readFileSync(join(root, "src", "history", "memory.ts"), "utf8")))).toEqual([]);
  });
});
