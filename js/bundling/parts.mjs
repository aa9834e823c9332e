// The second part of the bundle, which the widget loads when it is first needed: what it uses of the first part is not in
// it again, but handed to it, in an order that both know.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "acorn";
import * as esbuild from "esbuild";

const SHARED = "nnweightviz:shared";
const HANDED = "HANDED"; // a name that the second part does not declare

const isSource = (path) => path.endsWith(".ts");
const absolute = (path) => join(process.cwd(), path);

/** The sources that an entry is made of. */
async function sourcesOf(options) {
  const { metafile } = await esbuild.build({ ...options, write: false, metafile: true });
  return metafile.inputs;
}

/** What a source imports by name at run time: where from, as written, and the names. */
async function importsOf(path) {
  const { code } = await esbuild.transform(readFileSync(path, "utf8"), { loader: "ts" });
  const { body } = parse(code, { ecmaVersion: "latest", sourceType: "module" });
  return body
    .filter((node) => node.type === "ImportDeclaration" && !node.source.value.endsWith(".css"))
    .map(({ source, specifiers }) => ({
      from: source.value,
      names: specifiers.map(({ imported }) => {
        if (!imported) throw new Error(`${path}: import by name what the first part of the bundle has`);
        return imported.name;
      }),
    }));
}

/** What `import { shared } from "nnweightviz:shared"` gives: what the second part uses of the first, as a list. */
const withShared = (handed) => ({
  name: "shared",
  setup(build) {
    build.onResolve({ filter: new RegExp(`^${SHARED}$`) }, () => ({ path: SHARED, namespace: "shared" }));
    build.onLoad({ filter: /.*/, namespace: "shared" }, () => ({
      contents: `${handed.map(({ path, name }, i) => `import { ${name} as s${i} } from ${JSON.stringify(path)};`).join("\n")}
        export const shared = [${handed.map((_, i) => `s${i}`)}];`,
      resolveDir: process.cwd(),
    }));
  },
});

/** The sources of the first part as they are in the second: what is handed over of them. */
const fromFirst = (first, handed) => ({
  name: "first",
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ path, resolveDir, kind }) => {
      const full = `${join(resolveDir, path)}.ts`;
      return kind !== "entry-point" && first.has(full) ? { path: full, namespace: "first" } : undefined;
    });
    build.onLoad({ filter: /.*/, namespace: "first" }, ({ path }) => ({
      contents: handed
        .map((h, i) => (h.path === path ? `export const ${h.name} = ${HANDED}[${i}];` : ""))
        .join("\n"),
    }));
  },
});

/**
 * The options to build an entry in two parts. The second becomes a module whose default export takes what
 * `nnweightviz:shared` gives and returns what the entry of the second part exports.
 */
export async function twoParts(first, second) {
  const without = (options) => ({ ...options, plugins: [withShared([]), ...options.plugins] });
  const inFirst = new Set(
    Object.keys(await sourcesOf(without(first)))
      .filter(isSource)
      .map(absolute),
  );
  const handed = new Map();
  for (const [path, { imports }] of Object.entries(await sourcesOf(without(second)))) {
    if (!isSource(path) || inFirst.has(absolute(path))) continue;
    const written = await importsOf(absolute(path));
    for (const { path: to, original } of imports.filter((i) => inFirst.has(absolute(i.path))))
      for (const { names } of written.filter(({ from }) => from === original))
        for (const name of names) handed.set(`${to}:${name}`, { path: absolute(to), name });
  }
  const list = [...handed.values()];
  return [
    { ...first, plugins: [withShared(list), ...first.plugins] },
    {
      ...second,
      format: "iife",
      globalName: "part",
      plugins: [fromFirst(inFirst, list), ...second.plugins],
      banner: { js: `export default function (${HANDED}) {` },
      footer: { js: "return part}" },
    },
  ];
}
