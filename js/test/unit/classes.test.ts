import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withShortClasses } from "../../bundling/classes.mjs";

const project = join(__dirname, "..", "..", "..");
const texts = (folder: string, ending: RegExp) =>
  readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => ending.test(name))
    .map((name) => readFileSync(join(project, folder, name), "utf8"))
    .join("\n");
const classesIn = (text: string) => [...new Set(text.match(/(?<![\w-])nwv-[a-z0-9-]*[a-z0-9]/g))];

describe("the classes that the build gives short names", () => {
  it("are none that the documents or the tests in browsers name", () => {
    const named = classesIn(texts("docs", /\.md$/) + texts("tests", /\.py$/));
    expect(named).toEqual(expect.arrayContaining(["nwv-canvas", "nwv-legend"]));
    expect(named.filter((name) => withShortClasses(name) !== name)).toEqual([]);
  });
  it("are each called the same in the script and in the style sheet, and no two alike", () => {
    const source = texts("js/src", /\.(ts|css)$/).replace(/nwv-[a-z-]*(?=\$\{)/g, "");
    const short = new Map<string, string>();
    withShortClasses(source, short);
    expect(short.size).toBeGreaterThan(100);
    for (const [chosen, name] of short) expect(withShortClasses(`--nwv-${name}`)).toBe(`--${chosen}`);
  });
  it("are not completed by the code, unless the build knows of it", () => {
    expect(withShortClasses(`nwv-icon-$\{name}`)).toBe(`nwv-icon-$\{name}`);
    expect(() => withShortClasses(`nwv-$\{sign}`)).toThrow("name the class in full");
    expect(() => withShortClasses(`nwv-unit-$\{sign}`)).toThrow("name the class in full");
  });
  it("are known by their whole names, as the variables are", () => {
    const [fg, muted] = ["--nwv-fg", "--nwv-muted"].map((name) => withShortClasses(name));
    expect(fg).toMatch(/^--n\w{3}$/);
    expect(withShortClasses("color: var(--nwv-fg, --nwv-muted)")).toBe(`color: var(${fg}, ${muted})`);
    expect(withShortClasses("nnweightviz-embed data-nwv-fg")).toBe("nnweightviz-embed data-nwv-fg");
  });
});
