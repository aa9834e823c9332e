import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { MARK, marked, ownProperties, shortNames } from "../../bundling/properties.mjs";

const root = join(__dirname, "..", "..");

/** What the type checker says of a copy of the sources that the build would bundle, and of more of it. */
function checked(folder: string, texts: Record<string, string>): string {
  const copy = join(root, "build", folder);
  rmSync(copy, { recursive: true, force: true });
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  cpSync(join(root, "src", "modules.d.ts"), join(copy, "src", "modules.d.ts"));
  writeFileSync(join(copy, "tsconfig.json"), '{"extends": "../../tsconfig.json", "include": ["src"]}');
  try {
    execFileSync(join(root, "node_modules", ".bin", "tsc"), ["--noEmit", "-p", copy], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const OWN = `\`\${string}${MARK}\``;

/** Attributes of elements and messages to Python go out as they are: nothing marked may be in them. */
const sealed = (text: string) =>
  text.replace(/Record<string, (string \| number.*|unknown)>/g, (type) => `${type} & Record<${OWN}, never>`);

/** The same of the boundary's types, whose optional properties would not be missed. */
const closed = (text: string) =>
  text.replace(
    /@boundary \*\/\nexport (interface [^{]*|type \w+ = )\{/g,
    (begin) => `${begin} [own: ${OWN}]: never;`,
  );

describe("the properties that the build gives short names", { timeout: 60_000 }, () => {
  let properties: ReturnType<typeof ownProperties>;
  let texts: Record<string, string>;
  beforeAll(() => {
    properties = ownProperties(root);
    texts = Object.fromEntries(
      [...properties.uses].map(([path, uses]) => [
        path.slice(root.length + 1),
        sealed(marked(readFileSync(path, "utf8"), uses)),
      ]),
    );
  });

  it("are the same wherever a value goes, as far as types can tell", () => {
    expect(checked("marked", texts)).toBe("");
  });
  it("are in nothing that goes to the boundary", () => {
    const all = Object.entries(texts).map(([path, text]) => [path, closed(text)]);
    expect(checked("closed", Object.fromEntries(all))).toBe("");
  });
  it("would not pass if one of them went out as an attribute, or came in from the boundary", () => {
    const wrong = `
      import { svg } from "./dom";
      import type { AppendMessage, BlockEntry } from "./blocks";
      const box = { width${MARK}: 1 };
      svg("rect", box);
      export const scale = (entry: BlockEntry) => entry.scale${MARK};
      export const more = (message: AppendMessage): AppendMessage => {
        const found = { ...message, summaries${MARK}: [] };
        return found;
      };
    `;
    const blocks = "src/blocks.ts";
    const lines = (said: string) => said.match(/(?<=wrong\.ts\()\d+/g);
    expect(lines(checked("wrong", { ...texts, "src/wrong.ts": wrong }))).toEqual(["5", "6"]);
    const rest = { "src/wrong.ts": wrong, [blocks]: closed(texts[blocks]) };
    expect(lines(checked("wrong", { ...texts, ...rest }))).toContain("9");
  });
  it("have names that nobody else in the code has, none twice", () => {
    const short = Object.values(shortNames(properties));
    expect(short.length).toBeGreaterThan(300);
    expect(new Set(short).size).toBe(short.length);
    expect(short.filter((name) => properties.others.has(name))).toEqual([]);
  });
  it("leave alone what the model, the page and the worker call by name", () => {
    const widget = texts["src/widget.ts"];
    expect(widget).toMatch(/\binitialize\(\{ model \}/);
    expect(widget).toMatch(/\brender\(\{ el \}/);
    const session = texts["src/session.ts"];
    expect(session).toMatch(/model\.get\("_network"\)/);
    expect(texts["src/images/worker.ts"]).toMatch(/self\.onmessage = \(\{ data \}\)/);
  });
  it("are none in a table that is looked up at once", () => {
    expect(texts["src/extras/trajectory/words.ts"]).toMatch(/\bweights: \{[^[]+\}\[trajectory/);
  });
  it("are kept whole in variables of the same name", () => {
    const text = "const { width, height } = box; use({ width });";
    const use = (start: number, isShort: boolean) => ({ name: "width", start, end: start + 5, isShort });
    expect(marked(text, [use(8, true), use(text.lastIndexOf("width"), true)])).toBe(
      `const { width${MARK}: width, height } = box; use({ width${MARK}: width });`,
    );
  });
});
