// A figure of a view: a canvas for many marks, SVG above it for axes and the playhead, and a key below it.
import { html, svg } from "../dom";
import type { ViewContext } from "../views/context";
import css from "./views.css";

export interface Size {
  width: number;
  height: number;
  ratio: number;
}

export class Figure {
  readonly canvas = html("canvas", { "aria-hidden": "true" });
  readonly svg = svg("svg", { "aria-hidden": "true" });
  /** What is pointed at and takes the focus; its label tells what a sighted reader sees. */
  readonly stage: HTMLElement;
  readonly keys = html("div", "nwv-keys");
  size: Size = { width: 0, height: 0, ratio: 1 };
  readonly #context: ViewContext;

  constructor(host: HTMLElement, context: ViewContext, description: string) {
    this.#context = context;
    this.stage = html(
      "div",
      { class: "nwv-figure", tabindex: 0, role: "application", "aria-roledescription": description },
      this.canvas,
      this.svg,
    );
    host.append(html("style", {}, css), this.stage, this.keys);
  }

  /** Take the room there is; true if it is another than before. */
  measure(): boolean {
    const width = this.stage.parentElement?.clientWidth || 900;
    const height = this.#context.height();
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const isOther = width !== this.size.width || height !== this.size.height || ratio !== this.size.ratio;
    if (isOther) {
      this.size = { width, height, ratio };
      this.stage.style.height = `${height}px`;
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
      this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    }
    return isOther;
  }

  /** A brush in CSS pixels on a canvas that was wiped. */
  brush(): CanvasRenderingContext2D {
    const brush = this.canvas.getContext("2d", { willReadFrequently: true })!;
    const { width, height, ratio } = this.size;
    brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    brush.clearRect(0, 0, width, height);
    return brush;
  }
}
