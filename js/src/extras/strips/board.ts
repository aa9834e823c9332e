// The panel on which a unit's strips are enlarged, and boxes on the stage.
import { html } from "../../dom";
import type { Box, Large } from "./geometry";
import { drawBlocks, type Look, type Span } from "./sheets";

/** An element of a class at a box of the stage. */
export function placed(name: string, { x, y, width, height }: Box): HTMLElement {
  return moved(html("div", name), { x, y, width, height });
}

function moved<E extends HTMLElement>(element: E, { x, y, width, height }: Box): E {
  const { style } = element;
  style.left = `${x}px`;
  style.top = `${y}px`;
  style.width = `${width}px`;
  style.height = `${height}px`;
  return element;
}

export interface Head {
  head: HTMLElement;
  width: number; // of what it crosses
}

/** What a line for the playhead crosses, and that line. */
export function trackOf(box: Box): Head & { track: HTMLElement } {
  const head = html("div", "nwv-strip-head");
  const track = placed("nwv-strip-track", box);
  track.append(head);
  return { track, head, width: box.width };
}

/** Move lines to a share of what they cross. */
export function moveHeads(heads: Head[], share: number): void {
  for (const { head, width } of heads) head.style.transform = `translateX(${share * width - 0.5}px)`;
}

export class Board {
  readonly root = html("div", { class: "nwv-strip-panel", hidden: true });
  readonly #canvas = html("canvas", {});
  readonly #brush = this.#canvas.getContext("2d", { willReadFrequently: true })!;
  head: Head[] = [];

  /** Draw what is enlarged, or nothing. */
  show(large: (Large & { span: Span }) | null, look: Look): void {
    this.root.hidden = large === null;
    this.head = [];
    if (!large) return;
    const { box, blocks, span, letters } = large;
    moved(this.root, box);
    this.#canvas.width = Math.round(box.width * look.ratio);
    this.#canvas.height = Math.round(box.height * look.ratio);
    drawBlocks(this.#brush, blocks, span, look, box);
    const [top, bottom] = [blocks[0].top, blocks[blocks.length - 1]];
    const height = bottom.top + bottom.height - top;
    const { track, ...head } = trackOf({ x: span.x - box.x, y: top - box.y, width: span.width, height });
    this.head = [head];
    const names = blocks.flatMap(({ gate, top: at, height: tall }) => {
      if (Number.isNaN(letters) || gate.port === null) return [];
      const name = placed("nwv-strip-gate", {
        x: letters - box.x,
        y: at - box.y + tall / 2 - 6,
        width: 12,
        height: 12,
      });
      name.textContent = gate.port;
      return [name];
    });
    this.root.replaceChildren(this.#canvas, track, ...names);
  }
}
