// Colours of lines that stand for layers, parameters or gates: from dark to light along the depth of the net, never the
// colours of signs. Lines of several runs are told apart by dashes.
import { svg } from "../dom";
import { mixRgb, type Rgb } from "../scale";

/** From the first layer to the last, on light and on dark paper: evenly spaced in lightness, apart for the colour-blind. */
const STOPS: Record<"light" | "dark", Rgb[]> = {
  light: [
    [52, 22, 94],
    [94, 44, 140],
    [30, 110, 120],
    [46, 150, 92],
    [150, 150, 30],
  ],
  dark: [
    [176, 150, 255],
    [120, 170, 235],
    [72, 196, 188],
    [130, 214, 120],
    [236, 222, 120],
  ],
};

export const hueOf = (i: number, n: number, isDark: boolean): Rgb => {
  const stops = STOPS[isDark ? "dark" : "light"];
  const at = n < 2 ? 1 : (i / (n - 1)) * (stops.length - 1);
  const first = Math.min(stops.length - 2, Math.floor(at));
  return mixRgb(stops[first], stops[first + 1], at - first);
};

export const DASHES: number[][] = [[], [6, 3], [2, 2], [8, 3, 2, 3], [14, 4], [8, 2, 2, 2, 2, 2]];
export const dashesOf = (run: number): number[] => DASHES[run % DASHES.length];

/** A piece of line for a key. */
export const swatch = (stroke: string, dashes: number[]): SVGSVGElement =>
  svg(
    "svg",
    { width: 30, height: 10, viewBox: "0 0 30 10", "aria-hidden": "true" },
    svg("path", { d: "M1,5H29", stroke, "stroke-width": 2.5, "stroke-dasharray": dashes.join(" ") }),
  );
