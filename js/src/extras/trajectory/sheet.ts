// What lies over the lines: axes, what is marked, pointed at or brushed, and the playhead; or why there are none.
import { html, put, svg } from "../../dom";
import { type Rgb, rgba } from "../../scale";
import { drawAxes } from "../axes";
import { dashesOf } from "../hues";
import type { Point } from "./gestures";
import type { Line } from "./lines";
import { PAD_PX, type Plot } from "./plot";

const TICK_PX = { x: 80, y: 55 };

/** A line that is drawn again, thicker; its name stands at its end. */
export interface Marked {
  line: Line;
  stroke: string;
  width: number;
  name: string;
}

export class Sheet {
  readonly #axes = svg("g");
  readonly #marks = svg("svg");
  readonly #names = svg("g");
  readonly #lit = svg("svg");
  readonly #dots = svg("g");
  readonly #head = svg("line", "nwv-playhead");
  readonly #ghost = svg("line", { class: "nwv-ghost", visibility: "hidden" });
  readonly #brushed = svg("rect", { class: "nwv-brushed", visibility: "hidden" });

  readonly #empty = html("div", "nwv-empty");

  constructor(host: SVGSVGElement) {
    host.after(this.#empty);
    const over = [this.#ghost, this.#head, this.#lit, this.#dots, this.#names, this.#brushed];
    host.append(this.#axes, this.#marks, ...over);
  }

  /** Draw what depends on data, looks and size; `empty` says why there are no lines. */
  draw({ box, time, x, y, isZoomed }: Plot, title: string, empty: string | null): void {
    const { left, top, right, bottom } = box;
    const most = { x: Math.max(2, Math.floor((right - left) / TICK_PX.x)), y: (bottom - top) / TICK_PX.y };
    const values = { scale: y, title, most: Math.max(3, Math.floor(most.y)) };
    const times = { scale: x, title: time.title, ticks: time.ticks([...x.domain], most.x) };
    this.#axes.replaceChildren(drawAxes(box, times, empty === null ? values : null));
    this.#empty.textContent = empty;
    const pad = isZoomed ? 0 : PAD_PX;
    const sides = [left - pad, top - pad, right - left + 2 * pad, bottom - top + 2 * pad];
    for (const clip of [this.#marks, this.#lit]) {
      ["x", "y", "width", "height"].forEach((name, i) => {
        put(clip, name, sides[i]);
      });
      put(clip, "viewBox", sides.join(" "));
    }
    for (const line of [this.#head, this.#ghost]) {
      put(line, "y1", top);
      put(line, "y2", bottom);
    }
  }

  #strokes(plot: Plot, { line, stroke, width }: Marked): SVGElement[] {
    const d = plot.pathOf(line);
    const dashes = { "stroke-dasharray": dashesOf(line.run).join(" ") };
    return [
      svg("path", { d, class: "nwv-halo", "stroke-width": width + 2.5 }),
      svg("path", { d, stroke, "stroke-width": width, ...dashes }),
    ];
  }

  mark(plot: Plot, marked: Marked[]): void {
    this.#marks.replaceChildren(...marked.flatMap((mark) => this.#strokes(plot, mark)));
    const named = marked.filter(({ name }) => name !== "");
    this.#names.replaceChildren(...named.flatMap(({ line, name }) => this.#name(plot, line, name)));
  }

  /** Above the last point of a line that is in sight. */
  #name(plot: Plot, line: Line, name: string): SVGElement[] {
    const { x, y } = plot.track(line);
    const { right, top, bottom } = plot.box;
    let k = x.length - 1;
    while (k >= 0 && !(Number.isFinite(y[k]) && plot.isInside(x[k]))) k--;
    if (k < 0 || y[k] < top || y[k] > bottom) return [];
    const at = { x: Math.min(right - 4, x[k]), y: Math.max(top + 12, y[k] - 7), "text-anchor": "end" };
    return [svg("text", { ...at, class: "nwv-marked-name" }, name)];
  }

  /** Light up one line, or none. */
  light(plot: Plot, line: Line | null, hue: Rgb | null): void {
    const lit = line && hue ? this.#strokes(plot, { line, stroke: rgba(hue, 1), width: 3, name: "" }) : [];
    this.#lit.replaceChildren(...lit);
  }

  /** Dots on lines at the checkpoint that is read, and a line through them; none without a place. */
  point(x: number | null, dots: (Point & { hue: Rgb })[]): void {
    place(this.#ghost, x);
    this.#dots.replaceChildren(
      ...dots.map(({ x: cx, y: cy, hue }) =>
        svg("circle", { cx, cy, r: 3.5, fill: rgba(hue, 1), class: "nwv-read-dot" }),
      ),
    );
  }

  /** Move the playhead; nothing is built. */
  move(x: number | null): void {
    place(this.#head, x);
  }

  brush(from: Point, to: Point | null): void {
    put(this.#brushed, "visibility", to ? "visible" : "hidden");
    if (!to) return;
    put(this.#brushed, "x", Math.min(from.x, to.x));
    put(this.#brushed, "y", Math.min(from.y, to.y));
    put(this.#brushed, "width", Math.abs(from.x - to.x));
    put(this.#brushed, "height", Math.abs(from.y - to.y));
  }
}

function place(line: SVGLineElement, x: number | null): void {
  put(line, "visibility", x === null ? "hidden" : "visible");
  if (x !== null) put(line, "transform", `translate(${x.toFixed(2)} 0)`);
}
