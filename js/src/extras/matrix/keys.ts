// The legend of a matrix: its colours with their domains, or the tones of digits. HTML.
import { html } from "../../dom";
import { formatValue, type Rgb, rgba, shade } from "../../scale";
import { trackOf } from "../strips/paint";
import { BETWEEN, HIGH, LOW, type Thresholds } from "./codes";
import { type Hues, tonesOf } from "./hues";

export interface Scales {
  label: string;
  domain: number;
}

const N_STOPS = 17;

/** The colours from −domain to +domain as a bar. */
function bar({ palette, paper }: Hues): HTMLElement {
  const track = trackOf(palette, paper);
  const colours = Array.from({ length: N_STOPS }, (_, i) =>
    rgba(shade(palette, (2 * i) / (N_STOPS - 1) - 1, true, track), 1),
  );
  const element = html("span", { class: "nwv-matrix-bar", "aria-hidden": "true" });
  element.style.background = `linear-gradient(90deg, ${colours.join(", ")})`;
  return element;
}

const swatch = (colour: string): HTMLElement => {
  const element = html("span", { class: "nwv-matrix-swatch", "aria-hidden": "true" });
  element.style.background = colour;
  return element;
};

export function scaleKeys(hues: Hues, scales: Scales[], nOdd: number): HTMLElement[] {
  const unique = [...new Map(scales.map((scale) => [scale.label, scale])).values()];
  const items = unique.map(({ label, domain }) =>
    html(
      "span",
      "nwv-matrix-key",
      `${label} `,
      html("b", {}, `−${formatValue(domain)}`),
      bar(hues),
      html("b", {}, formatValue(domain)),
    ),
  );
  return nOdd > 0 ? [...items, oddKey(hues)] : items;
}

const oddKey = ({ palette }: Hues): HTMLElement =>
  html("span", "nwv-matrix-key", swatch(rgba(palette.odd, 1)), "NaN or infinite");

export function digitKeys(hues: Hues, [low, high]: Thresholds, nOdd: number): HTMLElement[] {
  const { high: above, low: below, between } = tonesOf(hues);
  const item = (tone: Rgb, digit: string, words: string) =>
    html("span", "nwv-matrix-key", swatch(rgba(tone, 1)), html("b", {}, digit), words);
  const items = [
    item(above, HIGH, `w ≥ ${formatValue(high)}`),
    item(below, LOW, `w < ${formatValue(low)}`),
    item(between, BETWEEN, "between"),
  ];
  return nOdd > 0 ? [...items, oddKey(hues)] : items;
}
