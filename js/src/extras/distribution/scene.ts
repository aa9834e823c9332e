// What the drawings of a distribution share: what they are given and give back, where panels lie, how counts have heights.
import { svg } from "../../dom";
import type { Options } from "../../options";
import { formatCount, formatValue, PALETTES, PAPERS, type Rgb } from "../../scale";
import type { ViewContext } from "../../views/context";
import { type Box, type Scale, scaleOf, ticksOf } from "../axes";
import type { Figure } from "../figure";
import { hueOf } from "../hues";
import type { Bins } from "./bins";
import type { Series } from "./series";
import type { Spread } from "./spread";

export interface Scene {
  context: ViewContext;
  figure: Figure;
  spread: Spread;
  options: Options;
  /** The number of the run that is shown. */
  run: number;
  /** The checkpoint of it at the playhead. */
  k: number;
  isDark: boolean;
}

/** Something that is pointed at: a bin of a checkpoint in a panel. */
export interface Cell {
  panel: number;
  k: number;
  bin: number;
}

/** A line of the key: how something looks, and what it is. */
export interface Key {
  look: "line" | "area" | "ramp" | null;
  colours: Rgb[];
  dashes?: number[];
  text: string;
}

export interface Drawing {
  /** Draw all. */
  draw(): void;
  /** The playhead is at another checkpoint. */
  move(): void;
  cellAt(x: number, y: number): Cell | null;
  /** The cell beside one, or where to begin. */
  next(cell: Cell | null, dx: number, dy: number): Cell;
  /** Where a cell is, to be marked. */
  boxOf(cell: Cell): Box | null;
  told(cell: Cell): string[];
  press(cell: Cell): void;
  keys(): Key[];
  /** What is drawn, and what is not. */
  words(): string[];
  /** Turn by so many pixels. */
  turn?(dx: number, dy: number): void;
}

/** What each way of drawing is made of: some parts, one run. */
export const seriesOf = ({ spread, run }: Scene): Series[] => spread.series[run];

export const inksOf = (isDark: boolean): { ink: Rgb; paper: Rgb; muted: Rgb } => {
  const theme = isDark ? "dark" : "light";
  return {
    ink: isDark ? [231, 234, 238] : [29, 33, 37],
    paper: PAPERS[theme],
    muted: PALETTES[theme].zero,
  };
};

export const hueOfPart = ({ spread, isDark }: Scene, i: number): Rgb => hueOf(i, spread.parts.length, isDark);

/** Room about and between panels, in pixels. */
export interface Margins {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Panels in rows, as near to `aspect` (width by height) as they can be. */
export function panelsOf(
  n: number,
  { width, height }: { width: number; height: number },
  margins: Margins,
  aspect = 1.6,
): Box[] {
  const { left, right, top, bottom } = margins;
  const roomOf = (columns: number) => {
    const rows = Math.ceil(n / columns);
    return [width / columns - left - right, height / rows - top - bottom];
  };
  const columns = Array.from({ length: n }, (_, i) => i + 1);
  const badness = (c: number) => {
    const [w, h] = roomOf(c);
    return w < 40 || h < 30 ? 1e3 - Math.min(w, h) : Math.abs(Math.log(w / h / aspect));
  };
  const best = columns.reduce((a, b) => (badness(b) < badness(a) ? b : a), 1);
  const [w, h] = roomOf(best).map((side) => Math.max(8, side));
  return Array.from({ length: n }, (_, i) => {
    const x = (i % best) * (width / best) + left;
    const y = Math.floor(i / best) * (height / Math.ceil(n / best)) + top;
    return { left: x, top: y, right: x + w, bottom: y + h };
  });
}

export const isIn = ({ left, top, right, bottom }: Box, x: number, y: number): boolean =>
  x >= left && x <= right && y >= top && y <= bottom;

/** A title above a panel, cut to its room. */
export function titleOf({ left, right, top }: Box, text: string, className = "nwv-panel-title"): SVGElement {
  const most = Math.max(6, Math.floor((right - left) / 6));
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return svg("text", { class: className, x: left, y: top - 6 }, cut);
}

/** Heights of counts: a logarithmic axis begins just below 1, and has no place for 0. */
export const LEAST = 0.8;
export const countScale = (most: number, range: [number, number], counts: Options["counts"]): Scale =>
  counts === "log"
    ? scaleOf([LEAST, Math.max(2, most)], range, true)
    : scaleOf([0, Math.max(1, most)], range);

/** The height of a count; of none, that of the ground. */
export const heightOf = (scale: Scale, count: number): number => (count > 0 ? scale(count) : scale.range[0]);

/** Counts are whole: ticks between them say nothing. */
export const countTicks = (scale: Scale, most: number): { value: number; text: string }[] =>
  ticksOf(scale, most)
    .filter(Number.isInteger)
    .map((value) => ({ value, text: formatCount(value) }));

/** "−0.1 to 0.05", of a bin. */
export const spanOf = ({ edges }: Bins, bin: number): string =>
  `${formatValue(edges[bin])} to ${formatValue(edges[bin + 1])}`;

/** A whole number from 0 to n - 1, as near as can be. */
export const within = (i: number, n: number): number => Math.min(n - 1, Math.max(0, i));

export const percent = (share: number): string => `${formatValue(Math.round(share * 1e4) / 100)} %`;

/** How many weights are in a bin, of how many. */
export function countWords(series: Series, k: number, bin: number): string {
  const counts = series.at(k);
  if (!counts) return series.isGap(k) ? "not recorded here" : "still with the kernel";
  const { total } = series.outside(k);
  const n = counts[bin];
  const about = series.history.precision === "int8" ? "≈ " : ""; // a rounded weight may lie in the bin beside
  return `${about}${formatCount(n)} ${n === 1 ? "weight" : "weights"} of ${formatCount(total)} (${percent(n / total)})`;
}
