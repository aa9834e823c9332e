// What a view is given and what it gives back; the contract between app and views.
import type { SelectedLink, Selection } from "../describe";
import type { History } from "../history";
import type { HostModel } from "../host";
import type { Layout } from "../layout";
import type { Bundle, Network } from "../network";
import type { Options } from "../options";
import type { GivenOutputs } from "../outputs";

/** The playhead as a view sees it; the player is one. */
export interface Clock {
  readonly position: number;
  readonly checkpoint: number;
  readonly playing: boolean;
  seek(checkpoint: number): void;
}

/** A factor, and where the whole has its left top corner then, in stage pixels. */
export interface Zoom {
  k: number;
  x: number;
  y: number;
}

/** Links that have domains. */
export interface Scaled {
  domain(bundle: Bundle, checkpoint: number): number;
}

export interface ViewContext {
  network: Network;
  history: History; // of the run that is shown
  histories: History[]; // of all runs
  model: HostModel;
  /** Where a view other than the graph has its switches, above the stage; emptied when another one is shown. */
  tools: HTMLElement;
  /** Show another view. */
  showView(name: string): void;
  clock: Clock;
  signal: AbortSignal;
  options(): Options;
  setOptions(change: Partial<Options>): void;
  selection(): Selection | null;
  select(selection: Selection | null): void;
  /**
   * Something is pointed at, at stage pixels (x, y); null when nothing is. `above` keeps a falling link in sight. Of a
   * `moment` that checkpoint is told, otherwise the one at the playhead.
   */
  point(selection: Selection | null, x: number, y: number, above: boolean, moment?: number): void;
  /** What makes history strips, from the second part of the bundle. */
  strips(): Promise<() => Strips>;
  /** The links on whose domains these are drawn: those of a view beside this one. */
  scaledAs?(): Scaled;
  /** The reader has zoomed, or panned. */
  zoomed?(zoom: Zoom): void;
  /** Caption and legend are out of date. */
  changed(): void;
  isDark(): boolean;
  /** Height of the stage, in pixels. */
  height(): number;
  /** Draw all anew. */
  refresh(): void;
  /** What a probe found; null without one. */
  outputs(): GivenOutputs | null;
  /** Load what draws it over a stage. */
  draws(outputs: GivenOutputs, stage: HTMLElement): Promise<Pictures>;
}

/** Pictures of what units put out, over the stage. */
export interface Pictures {
  /** Units stand elsewhere, or looks are others. */
  place(layout: Layout, size: { width: number; height: number; ratio: number }, checkpoint: number): void;
  draw(checkpoint: number): void;
  /** The pointer is here: the item under it is marked in all pictures. */
  point(x: number, y: number): void;
  /** For the caption. */
  words(): string | null;
  noteOf(selection: Selection): string | null;
  /** A unit's picture at length, which follows the playhead by itself. */
  enlarged(selection: Selection): HTMLElement | null;
  destroy(): void;
}

/** A moment of a link, as its strip has it. */
export interface StripHit {
  kind: "strip";
  link: SelectedLink;
  checkpoint: number;
}

/** What strips ask of the links on the stage. */
export interface StripLinks {
  readonly bundles: Bundle[];
  evaluate(bundle: Bundle, checkpoint: number, out: Float32Array): boolean;
  domain(bundle: Bundle, checkpoint: number): number;
  isSigned(bundle: Bundle): boolean;
  isShown(bundle: Bundle): boolean;
}

/** The diagram as the strips see it. */
export interface Stage {
  readonly context: ViewContext;
  readonly layout: Layout;
  readonly links: StripLinks;
  readonly size: { width: number; height: number; ratio: number };
}

/** What draws the strips; it is in the second part of the bundle. */
export interface Strips {
  root: HTMLElement;
  /** Data, looks or places changed. */
  show(stage: Stage): void;
  /** The playhead moved (called per frame, cheap). */
  move(position: number): void;
  /** Outline the strips of the selected link and of the one that is pointed at. */
  mark(selections: (Selection | null)[]): void;
  hit(x: number, y: number): StripHit | null;
  /** What is shown and what is not. */
  words(): string;
  close(): void;
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

/** What every view can do. */
export interface View {
  /** The playhead moved (called per frame, cheap). */
  drawFrame(): void;
  /** Whether the picture of a checkpoint is there (if not, it is made); playing waits for it. */
  isDrawn(checkpoint: number): boolean;
  /** Data, selection, looks, theme or size changed. */
  update(): void;
  resize(): void;
  /** The host took the display out of the page and put it back: draw again what was there. */
  redraw(): void;
  /** Out of sight: give back what can be made again. */
  rest(): void;
  destroy(): void;
  /** What is shown and what is not, in words. */
  caption(): string;
  /** What a sighted reader sees, in a sentence or two. */
  summary(): string;
}

/** The graph, which knows of every selection where it is. */
export interface Diagram extends View {
  legend(): Legend;
  zoom(factor: number | "fit"): void;
  /** Take over the zoom of a diagram beside this one. */
  zoomTo(zoom: Zoom): void;
  readonly links: Scaled;
  readonly zoomState: Zoom;
  /** Bring a layer or unit into sight; return what to select: the unit, or the closed block that holds it. */
  reveal(group: string, unit: number | null): Selection;
  /** What is known of a unit beyond its weights: its rank, or that it has learned nothing. */
  noteOf?(selection: Selection): string | null;
  /** Whether some layer has room for history strips. */
  canStrip(): boolean;
  /** Whether some layer has so many links that most of them are only in the shading. */
  isShaded(): boolean;
  /** A unit's outputs as a large picture. */
  enlarged?(selection: Selection): HTMLElement | null;
  /** Whether a selection stands in the right half of the stage. */
  isOnRight(selection: Selection | null): boolean;
  /** What is drawn: closed blocks are boxes in it, many units are bands. */
  network: Network;
  nLinks: number;
  nLinksDrawn: number;
}
