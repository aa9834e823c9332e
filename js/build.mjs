// Bundles the two entries (widget for Jupyter, embed for exported pages) and the style sheet into the Python package.
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
};
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
