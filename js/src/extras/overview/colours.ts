// What the cells of an overview show, by its name, and the colours that stand for it: light to dark, never those of signs.
import { html } from "../../dom";
import { formatValue, mixRgb, PALETTES, PAPERS, rgba } from "../../scale";
import type { Measure, Range } from "./series";

export const MEASURES: [Measure, string][] = [
  ["norm", "norm"],
  ["update_norm", "size of update"],
  ["update_ratio", "update / norm"],
  ["stable_rank", "stable rank"],
];

export const titleOf = (measure: Measure): string => MEASURES.find(([name]) => name === measure)![1];

/** Of the lightest cell, which is told from paper, and of the darkest, on which the line is still seen. */
const SHARES = [0.04, 0.62];

/** The colour of a cell by the place of its value in the range, 0 to 1. */
export function colourOf(place: number, isDark: boolean): string {
  const theme = isDark ? "dark" : "light";
  const share = SHARES[0] + (SHARES[1] - SHARES[0]) * place;
  return rgba(mixRgb(PAPERS[theme], PALETTES[theme].unsigned, share), 1);
}

/** The scale of colours with its ends, and what colours and lines mean. */
export function scaleWords(
  measure: Measure,
  [low, high]: Range,
  isLog: boolean,
  isDark: boolean,
): (Node | string)[] {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((place) => colourOf(place, isDark)).join();
  const swatch = html("i", { style: `background: linear-gradient(to right, ${stops})` });
  const log = isLog ? ", logarithmic" : "";
  const colours = `colour: ${titleOf(measure)} at the playhead, one scale for all${log}`;
  const words = ` ${colours} · lines: over time, each from its own lowest to its own highest value`;
  return [formatValue(low), swatch, formatValue(high), words];
}
