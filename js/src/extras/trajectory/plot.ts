// Lines in a box of pixels: scales, what is drawn of them on the canvas, and which one is near a point.
import type { Span } from "../../panel/axis";
import { padded } from "../../panel/curves";
import { type Rgb, rgba } from "../../scale";
import { type Box, type Scale, scaleOf } from "../axes";
import { dashesOf } from "../hues";
import { type Extent, extentOf, type Line } from "./lines";
import { distanceTo, lengthOf, pathOf, type Track, trace, within } from "./path";
import type { Time } from "./time";

const REACH_PX = 8;
const MOST_POINTS = 500_000; // on the canvas, so that drawing takes well under a second
const AIRY_PX = 14; // checkpoints that lie further apart than this are dots, too, unless lines are many
const FEW_LINES = 40;
/** Around the box, for lines and dots on its edge. */
export const PAD_PX = 3;

/** Part of the axes that is shown; null is all. */
export interface Zoom {
  x: Span | null;
  y: Span | null;
}

const inside = ({ left, right }: Box): Span => [left, right];

export class Plot {
  readonly lines: Line[];
  readonly time: Time;
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
  readonly extent: Extent | null;
  readonly full: Zoom & { x: Span; y: Span };
  readonly isZoomed: boolean;
  readonly #xs: (Float64Array | null)[]; // of each run, in pixels
  readonly #ys = new Map<Line, Float64Array>();

  constructor(lines: Line[], time: Time, box: Box, zoom: Zoom, isLog: boolean) {
    this.time = time;
    this.lines = lines.filter(({ run }) => time.at[run] !== null);
    this.box = box;
    this.isZoomed = zoom.x !== null || zoom.y !== null;
    this.extent = extentOf(this.lines, isLog);
    const { low, high } = this.extent ?? { low: isLog ? 0.1 : 0, high: 1 };
    this.full = { x: time.full, y: padded([low, high], isLog) };
    this.x = scaleOf(zoom.x ?? this.full.x, inside(box), time.isLog);
    this.y = scaleOf(zoom.y ?? this.full.y, [box.bottom, box.top], isLog);
    this.#xs = time.at.map((places) => places?.map((place) => this.x(place)) ?? null);
  }

  /** Where checkpoints of a run are, in pixels; NaN where there is no place. */
  xsOf = (run: number): Float64Array => this.#xs[run]!;

  track(line: Line): Track {
    let y = this.#ys.get(line);
    if (!y) {
      y = line.values.map((value) => this.y(value));
      this.#ys.set(line, y);
    }
    return { x: this.xsOf(line.run), y };
  }

  #seen(run: number): [from: number, to: number] {
    return within(this.xsOf(run), this.box.left, this.box.right);
  }

  /** Draw all lines with the hue of each part. */
  draw(brush: CanvasRenderingContext2D, hueOf: (part: number) => Rgb, nParts: number): void {
    const { left, top, right, bottom } = this.box;
    const { lines } = this;
    const isFew = lines.length <= FEW_LINES;
    const alpha = isFew || lines.length <= 2 * nParts ? 0.95 : lines.length <= 300 ? 0.6 : 0.4;
    const points = lines.reduce((n, { run }) => n + Math.min(this.xsOf(run).length, 4 * (right - left)), 0);
    const column = Math.max(1, Math.ceil(points / MOST_POINTS));
    brush.save();
    brush.beginPath();
    const pad = this.isZoomed ? 0 : PAD_PX;
    brush.rect(left - pad, top - pad, right - left + 2 * pad, bottom - top + 2 * pad);
    brush.clip();
    brush.lineJoin = "round";
    brush.lineCap = "round";
    brush.lineWidth = isFew ? 1.6 : 1;
    for (const line of lines) {
      const track = this.track(line);
      const [from, to] = this.#seen(line.run);
      brush.strokeStyle = brush.fillStyle = rgba(hueOf(line.part), alpha);
      const stretch = lengthOf(track, from, to) / (right - left); // dashes of a jagged line are as wide as of a smooth one
      brush.setLineDash(dashesOf(line.run).map((px) => px * Math.max(1, stretch)));
      brush.beginPath();
      trace(track, from, to, column, brush);
      brush.stroke();
      const isAiry = (right - left) / Math.max(1, to - from) > AIRY_PX;
      if (!(isAiry && isFew)) continue;
      for (let k = from; k < to; k++) {
        if (!Number.isFinite(track.y[k])) continue;
        brush.beginPath();
        brush.arc(track.x[k], track.y[k], 2.4, 0, 2 * Math.PI);
        brush.fill();
      }
    }
    brush.restore();
  }

  /** A line as a path of SVG. */
  pathOf(line: Line): string {
    return pathOf(this.track(line), ...this.#seen(line.run));
  }

  /** The line that is nearest to a point, within reach. */
  lineAt(px: number, py: number): Line | null {
    let [nearest, least]: [Line | null, number] = [null, REACH_PX];
    const ranges = this.#xs.map((xs) => xs && within(xs, px - REACH_PX, px + REACH_PX));
    for (const line of this.lines) {
      const distance = distanceTo(this.track(line), ranges[line.run]!, px, py);
      if (distance < least) [nearest, least] = [line, distance];
    }
    return nearest;
  }

  /** The checkpoint of a run that is nearest to a place. */
  checkpointAt(run: number, px: number): number {
    let [nearest, least] = [-1, Number.POSITIVE_INFINITY];
    this.xsOf(run).forEach((x, k) => {
      const distance = Math.abs(x - px);
      if (distance < least) [nearest, least] = [k, distance];
    });
    return nearest;
  }

  /** Where the playhead is, between two checkpoints on the way from one to the other; NaN where there is no place. */
  headAt(run: number, position: number): number {
    const xs = this.xsOf(run);
    const k = Math.max(0, Math.min(xs.length - 1, Math.floor(position)));
    const next = Math.min(xs.length - 1, k + 1);
    return position === k ? xs[k] : xs[k] + (xs[next] - xs[k]) * (position - k);
  }

  isInside(px: number): boolean {
    return px >= this.box.left - 1 && px <= this.box.right + 1;
  }

  /** The part of the axes between two points. */
  zoomBetween(a: { x: number; y: number }, b: { x: number; y: number }): Zoom {
    const { left, right, top, bottom } = this.box;
    const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value));
    const xs = [a.x, b.x].sort((p, q) => p - q).map((px) => this.x.at(clamp(px, left, right)));
    const ys = [a.y, b.y].sort((p, q) => q - p).map((py) => this.y.at(clamp(py, top, bottom)));
    const own: Zoom = { x: this.#shownOf(this.x), y: this.#shownOf(this.y) };
    const isWide = Math.abs(a.x - b.x) >= REACH_PX;
    const isHigh = Math.abs(a.y - b.y) >= REACH_PX;
    return { x: isWide ? (xs as Span) : own.x, y: isHigh ? (ys as Span) : own.y };
  }

  /** `factor` times as much of both axes about a point, moved by shares of what is shown. */
  zoomBy(factor: number, about: { x: number; y: number }, move: { x: number; y: number }): Zoom {
    const span = (scale: Scale, full: Span, centre: number, by: number): Span | null => {
      const [from, to] = scale.range;
      const ends = [from, to].map((end) => scale.at(centre + (end - centre) * factor + by * (to - from)));
      const [low, high] = [Math.max(ends[0], full[0]), Math.min(ends[1], full[1])];
      return low <= full[0] && high >= full[1] ? null : high > low ? [low, high] : this.#shownOf(scale);
    };
    return {
      x: span(this.x, this.full.x, about.x, move.x),
      y: span(this.y, this.full.y, about.y, move.y),
    };
  }

  #shownOf(scale: Scale): Span | null {
    const full = scale === this.x ? this.full.x : this.full.y;
    const [low, high] = scale.domain;
    return low === full[0] && high === full[1] ? null : [low, high];
  }
}
