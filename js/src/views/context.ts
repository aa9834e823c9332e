// What a view is given and what it gives back; the contract between app and views.
import type { Selection } from "../describe";
import type { History } from "../history";
import type { Bundle, Network } from "../network";
import type { Options } from "../options";

/** The playhead as a view sees it; the player is one. */
export interface Clock {
  readonly position: number;
  readonly checkpoint: number;
  readonly playing: boolean;
}

/** How many times the whole is enlarged, and where its corner lies, in stage pixels. */
export interface Zoom {
  k: number;
  x: number;
  y: number;
}

/** What tells the domain of a bundle at a checkpoint. */
export interface Domains {
  domain(bundle: Bundle, k: number): number;
}

export interface ViewContext {
  network: Network;
  history: History;
  clock: Clock;
  signal: AbortSignal;
  options(): Options;
  setOptions(change: Partial<Options>): void;
  selection(): Selection | null;
  select(selection: Selection | null): void;
  /** Something is pointed at, at stage pixels (x, y); null when nothing is. `above` keeps a falling link in sight. */
  point(selection: Selection | null, x: number, y: number, above: boolean): void;
  /** The domains that links are drawn on: those of a view beside this one. */
  scaledAs?(): Domains;
  /** The reader has zoomed, or panned. */
  zoomed?(zoom: Zoom): void;
  /** Caption and legend are out of date. */
  changed(): void;
  isDark(): boolean;
  /** Height of the stage, in pixels. */
  height(): number;
}

/** One domain of the legend: a scale that some links share. */
export interface LegendScale {
  label: string;
  domain: number;
  signed: boolean; // whether any of its links has a sign
}

export interface Legend {
  scales: LegendScale[];
  hasSigned: boolean;
  hasUnsigned: boolean;
  maxLineWidth: number;
  exponent: number; // of the opacity
  nOdd: number;
  nMissing: number;
  ports: string[];
  shading: Shading | null; // null where no layer has so many links that they are shaded
}

/** How the links that are not drawn as lines share a pixel. */
export interface Shading {
  composite: "strongest" | "sum";
  half: number; // the sum, in links at their domain, that is half as strong as can be
}

export interface View {
  /** The playhead moved (called per frame, cheap). */
  drawFrame(): void;
  /** Whether the picture of a checkpoint is there (if not, it is made); playing waits for it. */
  isDrawn(checkpoint: number): boolean;
  /** Data, looks, theme or size changed. */
  update(): void;
  resize(): void;
  /** The host took the display out of the page and put it back: draw again what was there. */
  redraw(): void;
  /** Out of sight: give back what can be made again. */
  rest(): void;
  destroy(): void;
  legend(): Legend;
  /** What is shown and what is not, in words. */
  caption(): string;
  /** What a sighted reader sees, in a sentence or two. */
  summary(): string;
  zoom(factor: number | "fit"): void;
  /** Take over the zoom of a view beside this one. */
  zoomTo(zoom: Zoom): void;
  readonly links: Domains;
  readonly zoomState: Zoom;
  /** Bring a layer or unit into sight; return what to select: the unit, or the closed block that holds it. */
  reveal(group: string, unit: number | null): Selection;
  /** What is known of a unit beyond its weights: its rank, or that it has learned nothing. */
  noteOf?(selection: Selection): string | null;
  /** Whether a selection stands in the right half of the stage. */
  isOnRight(selection: Selection | null): boolean;
  /** What is drawn: closed blocks are boxes in it, many units are bands. */
  network: Network;
  nLinks: number;
  nLinksDrawn: number;
}
