// Bundles the two entries (widget for Jupyter, embed for exported pages) and the style sheet into the Python package.
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "nnweightviz", "static");
mkdirSync(out, { recursive: true });

const shared = {
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "none",
  target: ["es2022"],
  logLevel: "warning",
  loader: { ".wasm": "base64" },
};
/** The inner loops of the rasteriser, as WebAssembly. */
mkdirSync(join(here, "build"), { recursive: true });
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
shared.plugins = [asFunction];

const builds = [
  { ...shared, format: "esm", entryPoints: [join(here, "src/widget.ts")], outfile: join(out, "widget.js") },
  { ...shared, format: "iife", entryPoints: [join(here, "src/embed.ts")], outfile: join(out, "embed.js") },
  { ...shared, entryPoints: [join(here, "src/nnweightviz.css")], outfile: join(out, "nnweightviz.css") },
];

if (process.argv.includes("--watch")) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  for (const options of builds) {
    await esbuild.build(options);
    console.log(
      `${(statSync(options.outfile).size / 1000).toFixed(1).padStart(7)} kB  ${options.outfile.slice(out.length + 1)}`,
    );
  }
}
