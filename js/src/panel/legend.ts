// The legend: what a line's colour, width and opacity say, with every domain printed at all times.
import { html, svg } from "../dom";
import {
  bucketOf,
  formatCount,
  formatValue,
  lineStyles,
  N_LEVELS,
  NEGATIVE,
  ODD,
  type Palette,
  POSITIVE,
  UNSIGNED,
} from "../scale";
import type { Legend } from "../views/context";

const STEP = 9;
const MOST = 40; // domains that are printed

/** Short lines in the very styles of the picture, from −domain to +domain. */
function samples(palette: Palette, { maxLineWidth, exponent }: Legend, kinds: number[]): SVGSVGElement {
  const styles = lineStyles(palette, maxLineWidth, exponent);
  const shares =
    kinds.length === 2
      ? [-1, -0.75, -0.5, -0.25, -0.05, 0.05, 0.25, 0.5, 0.75, 1]
      : [0.05, 0.25, 0.5, 0.75, 1];
  const element = svg("svg", {
    width: shares.length * STEP,
    height: 18,
    class: "nwv-legend-lines",
    "aria-hidden": "true",
  });
  shares.forEach((share, i) => {
    const kind = kinds.length === 2 ? (share < 0 ? kinds[0] : kinds[1]) : kinds[0];
    const style = styles[bucketOf(kind, Math.min(N_LEVELS - 1, Math.floor(Math.abs(share) * N_LEVELS)))];
    const x = (i + 0.5) * STEP;
    element.append(
      svg("line", {
        x1: x - 2.5,
        x2: x + 2.5,
        y1: 16,
        y2: 2,
        stroke: style.stroke,
        "stroke-width": style.width,
      }),
    );
  });
  return element;
}

function oddKey(palette: Palette, n: number): HTMLElement {
  const { stroke } = lineStyles(palette, 2, 1)[bucketOf(ODD, N_LEVELS - 1)];
  const line = svg("svg", { width: 26, height: 8, "aria-hidden": "true" });
  line.append(
    svg("line", { x1: 0, x2: 26, y1: 4, y2: 4, stroke, "stroke-width": 1.5, "stroke-dasharray": "4 3" }),
  );
  return html("span", "nwv-legend-item", line, `${formatCount(n)} NaN or infinite`);
}

export interface LegendPanel {
  update(legend: Legend, palette: Palette, scale: string): void;
}

const SCALE_WORDS: Record<string, string> = {
  layer: "full width and colour at, per layer:",
  global: "full width and colour at:",
  checkpoint: "full width and colour at this checkpoint’s own, per layer:",
};

/** What a pixel of the shading says. */
function shadingWords({ shading, exponent }: Legend): string {
  if (shading?.composite !== "sum")
    return `shading: the strongest link wins the pixel, opacity as |w|^${exponent}, at half strength`;
  const half = formatValue(Number(shading.half.toPrecision(2)));
  return `shading: signed sum s of the links through a pixel, each w / domain; opacity |s| / (|s| + ${half})`;
}

export function createLegend(host: HTMLElement): LegendPanel {
  let shown = "";
  return {
    update(legend, palette, scale) {
      const key = JSON.stringify([legend, palette.positive, scale]);
      if (key === shown) return;
      shown = key;
      const items: (Node | string)[] = [];
      if (legend.hasSigned)
        items.push(html("span", "nwv-legend-item", "−", samples(palette, legend, [NEGATIVE, POSITIVE]), "+"));
      if (legend.hasUnsigned)
        items.push(html("span", "nwv-legend-item", samples(palette, legend, [UNSIGNED]), "norm, no sign"));
      const words = `opacity as |w|^${legend.exponent} · ${SCALE_WORDS[scale]}`;
      if (legend.scales.length > 0) items.push(html("span", "nwv-legend-words", words));
      for (const { label, domain, signed: hasSign } of legend.scales.slice(0, MOST))
        items.push(
          html(
            "span",
            "nwv-legend-item nwv-domain",
            `${label} `,
            html("b", {}, `${hasSign && domain > 0 ? "±" : ""}${formatValue(domain)}`),
          ),
        );
      if (legend.scales.length > MOST) items.push(`and ${legend.scales.length - MOST} more`);
      if (legend.shading) items.push(html("span", "nwv-legend-words", shadingWords(legend)));
      if (legend.nOdd > 0) items.push(oddKey(palette, legend.nOdd));
      host.replaceChildren(...items);
    },
  };
}
