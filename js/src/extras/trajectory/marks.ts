// What of the selection is marked: single weights in the foreground, the part of a link thicker than the others.
import type { Network } from "../../network";
import { type Rgb, rgba } from "../../scale";
import type { Line } from "./lines";
import type { Marked } from "./sheet";
import { nameOf, type Told } from "./words";

const MOST_MARKED = 64; // lines of a selected unit
const MOST_NAMES = 4;

export function markedOf(told: Told, network: Network, hueOf: (part: number) => Rgb): Marked[] {
  const { found, plot, options, runs } = told;
  const { marked, markedParts } = found;
  if (options.trajectory !== "weights")
    return plot.lines
      .filter(({ part }) => markedParts.has(part))
      .map((line) => ({ line, stroke: rgba(hueOf(line.part), 1), width: 3, name: "" }));
  const isUnit = markedParts.size === 0;
  if (isUnit && options.sample === "selected") return []; // all of them
  const keys = new Set(marked.map(({ parameter, entry }) => `${parameter} ${entry}`));
  const lines = plot.lines.filter(({ weight }) => weight && keys.has(`${weight.parameter} ${weight.entry}`));
  const nameOfLine = ({ weight, run }: Line) =>
    nameOf(network, weight!).entry + (runs.length > 1 ? ` · ${runs[run].name}` : "");
  return lines.slice(0, MOST_MARKED).map((line) => ({
    line,
    stroke: "var(--nwv-fg)",
    width: isUnit ? 1.5 : 2.5,
    name: !isUnit && lines.length <= MOST_NAMES ? nameOfLine(line) : "",
  }));
}
