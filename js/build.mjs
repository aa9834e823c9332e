// Bundles the two entries (widget for Jupyter, embed for exported pages) and the style sheet into the Python package.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { withShortClasses } from "./bundling/classes.mjs";
import { withoutClasses } from "./bundling/closures.mjs";
import { twoParts } from "./bundling/parts.mjs";
import { MARK, marked, ownProperties, shortNames } from "./bundling/properties.mjs";
import { shorter } from "./bundling/shorter.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "nnweightviz", "static");
mkdirSync(out, { recursive: true });
mkdirSync(join(here, "build"), { recursive: true });

/**
 * What the code uses most of the language: `Math.min` is a property that no build can rename, a variable it can. The
 * globals come first, of which one owns others.
 */
const frequent = {
  globalThis: [
    "Boolean",
    "Float32Array",
    "Float64Array",
    "Int32Array",
    "Map",
    "Number",
    "Set",
    "String",
    "Uint32Array",
    "Uint8Array",
  ],
  Math: ["abs", "ceil", "floor", "hypot", "log10", "max", "min", "round", "sqrt"],
  Number: ["NEGATIVE_INFINITY", "isFinite", "isNaN"],
  JSON: ["stringify"],
  Object: ["entries", "keys"],
  Array: ["from"],
};
const variables = Object.entries(frequent).flatMap(([owner, names]) =>
  names.map((name) => ({ owner, name, variable: `$${owner}_${name}` })),
);
const injected = join(here, "build", "variables.js"); // taken apart, because `define` would rename the properties here, too
const lines = Object.keys(frequent).map((owner) => {
  const taken = variables
    .filter((v) => v.owner === owner)
    .map(({ name, variable }) => `${name}: ${variable}`);
  return `export const { ${taken.join(", ")} } = ${owner};\n`;
});
writeFileSync(injected, lines.join(""));

/**
 * Properties that only our own code reads and writes get short names, the same in the page and in its worker; not while
 * watching, when they would move.
 */
const isWatching = process.argv.includes("--watch");
const properties = isWatching ? { uses: new Map(), others: new Set() } : ownProperties(here);

const short = shortNames(properties);
const inNetwork = properties.uses.get(join(here, "src", "network.ts")) ?? [];

const shared = {
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: ["es2022"],
  logLevel: "warning",
  loader: { ".wasm": "base64" },
  mangleProps: new RegExp(`${MARK}$`),
  mangleCache: short,
  inject: [injected],
  define: {
    ...Object.fromEntries(
      variables.map((v) => [v.owner === "globalThis" ? v.name : `${v.owner}.${v.name}`, v.variable]),
    ),
    "Number.POSITIVE_INFINITY": "Infinity",
    "Number.NaN": "NaN",
    SHORT_NAMES: JSON.stringify(Object.fromEntries(inNetwork.map(({ name }) => [name, short[name + MARK]]))),
  },
};

/** The inner loops of the rasteriser, as WebAssembly. */
const asc = [
  join(here, "node_modules", "assemblyscript", "bin", "asc.js"),
  "wasm/raster.ts",
  "-o",
  "build/raster.wasm",
];
execFileSync(process.execPath, [...asc, "-O3", "--runtime", "stub", "--noAssert"], {
  cwd: here,
  stdio: "inherit",
});

/**
 * `import work from "./x?worker"` is the bundled script x.ts as one function of a worker's scope. Its text starts a
 * worker, which needs no file of its own then; called, it does the same work where workers are forbidden.
 */
const asFunction = {
  name: "worker",
  setup(build) {
    build.onResolve({ filter: /\?worker$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace("?worker", ".ts")),
      namespace: "worker",
    }));
    build.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const options = { ...shared, format: "iife", entryPoints: [path], write: false };
      const { outputFiles } = await esbuild.build(options);
      return {
        contents: `export default function (self) {${outputFiles[0].text}}`,
        watchDirs: [dirname(path)],
      };
    });
  },
};

/** Our own properties are marked, and classes with private members become functions. */
const sources = {
  name: "sources",
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = marked(readFileSync(path, "utf8"), properties.uses.get(path) ?? []);
      const { code } = await esbuild.transform(text, { loader: "ts", target: shared.target });
      return { contents: withoutClasses(code) };
    });
  },
};

/** `import css from "./x.css"` is the style sheet as text. */
const styles = {
  name: "styles",
  setup(build) {
    build.onResolve({ filter: /\.css$/ }, ({ path, resolveDir, kind }) =>
      kind === "import-statement" ? { path: join(resolveDir, path), namespace: "style" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "style" }, async ({ path }) => {
      const { code } = await esbuild.transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};
shared.plugins = [asFunction, sources, styles];

const script = (name, entry) => ({
  ...shared,
  format: "esm",
  entryPoints: [join(here, "src", entry)],
  outfile: join(out, name),
});

const builds = [
  ...(await twoParts(script("widget.js", "widget.ts"), script("extras.js", "extras/index.ts"))),
  { ...shared, format: "iife", entryPoints: [join(here, "src/embed.ts")], outfile: join(out, "embed.js") },
  ...["nnweightviz", "page/page"].map((path) => ({
    ...shared,
    entryPoints: [join(here, "src", `${path}.css`)],
    outfile: join(out, basename(`${path}.css`)),
  })),
];

if (isWatching) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  const taken = new Map();
  for (const options of builds) {
    const { outputFiles } = await esbuild.build({ ...options, write: false });
    const text = withShortClasses(outputFiles[0].text, taken);
    const small = options.format ? await shorter(text) : text;
    writeFileSync(options.outfile, small);
    const kilobytes = (Buffer.byteLength(small) / 1000).toFixed(1).padStart(7);
    console.log(`${kilobytes} kB  ${options.outfile.slice(out.length + 1)}`);
  }
}
