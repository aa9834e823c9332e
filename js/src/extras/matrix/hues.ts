// The colours of cells: those of signed weights on paper, or three tones where weights are read as digits. Pure.

import { mixRgb, type Palette, type Rgb } from "../../scale";
import { pixelOf } from "../pixels";
import { tableOf, trackOf } from "../strips/paint";
import type { Thresholds } from "./codes";
import type { Ink } from "./paint";

export interface Hues {
  table: ReturnType<typeof tableOf>;
  palette: Palette;
  paper: Rgb;
}

export const huesOf = (palette: Palette, paper: Rgb): Hues => ({
  table: tableOf(palette, paper),
  palette,
  paper,
});

const TONE = 0.72; // of the palette's colour in the paper, for a digit

export const rgbOf = (pixel: number): Rgb => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];

/** The tones of digits: from the higher threshold up, below the lower one, and between. */
export const tonesOf = ({ palette, paper }: Hues): { high: Rgb; low: Rgb; between: Rgb } => ({
  high: mixRgb(paper, palette.positive, TONE),
  low: mixRgb(paper, palette.negative, TONE),
  between: trackOf(palette, paper),
});

/** The colour of a value as a pixel; in three tones where there are thresholds. */
export function inkOf(hues: Hues, domain: number, thresholds: Thresholds | null): Ink {
  const { signed, odd } = hues.table;
  const half = (signed.length - 1) / 2;
  if (thresholds) {
    const tones = tonesOf(hues);
    const [high, low, between] = [pixelOf(tones.high), pixelOf(tones.low), pixelOf(tones.between)];
    return (value) =>
      !Number.isFinite(value) ? odd : value >= thresholds[1] ? high : value < thresholds[0] ? low : between;
  }
  return (value) => {
    if (value - value !== 0) return odd;
    const share = domain > 0 ? value / domain : Math.sign(value);
    return signed[Math.round((Math.max(-1, Math.min(1, share)) + 1) * half)];
  };
}
