// The bottom row: transport buttons, the loss curve that is the slider, and which moment is shown.
// Paths are built when data, looks or size change; a frame of playback moves the playhead only.
import { type Attributes, hear, html } from "../dom";
import type { Player } from "../player";
import { awayRanges } from "./away";
import { along, paged, type Span, zoomed } from "./axis";
import { createChart } from "./chart";
import { createMetrics } from "./metrics";
import { momentLabel, momentText } from "./moment";
import {
  headAt,
  isShown,
  type Overhead,
  type Prepared,
  prepare,
  type Scene,
  sceneOf,
  type TimelineData,
} from "./scene";
import { listenForScrubbing } from "./scrub";
import { createSwitches, type Looks } from "./switches";
import { createTransport } from "./transport";

export type { TimelineData, TimelineLooks } from "./scene";

const HEIGHT = { curve: 64, bare: 14, above: 8, overhead: 18, below: 20 };
const MARGIN = { left: 54, right: 42 };
const READOUT_OVERHANG = 12;

export class Timeline {
  readonly #player: Player;
  readonly #read: () => TimelineData;
  readonly #looks: Looks;
  readonly #chart = createChart((x, text) => this.#say(x, text));
  readonly #readout = html("div", { class: "nwv-readout", hidden: true });
  readonly #slider = html("div", "nwv-slider", this.#chart.element, this.#chart.playhead, this.#readout);
  readonly #label = html("output", "nwv-moment-label");
  readonly #waiting = html("div", { class: "nwv-waiting", role: "status" });
  readonly #area = html("div", "nwv-curve-area");
  /** All of it, and what stands beside the curve. */
  readonly root;
  readonly moment;
  readonly #metrics;
  readonly #switches;
  readonly #transport;
  #prepared: Prepared | null = null;
  #seen: unknown[] = [];
  #scene: Scene | null = null;
  #zoom: Span | null = null;
  #width = 0;
  #marked = -1;
  #overhead: Overhead | null = null;

  constructor(
    host: HTMLElement,
    player: Player,
    read: () => TimelineData,
    looks: Looks,
    signal: AbortSignal,
  ) {
    this.#player = player;
    this.#read = read;
    this.#looks = looks;
    this.#transport = createTransport(player, signal);
    this.#metrics = createMetrics((names) => looks.set({ metrics: names }), signal);
    this.#switches = createSwitches(looks, () => this.#zoomTo(null), signal);
    const head = html("div", "nwv-curve-head", this.#metrics.element, this.#switches.element);
    this.#area.append(head, this.#slider);
    this.moment = html("div", "nwv-moment", this.#label, this.#switches.unzoom, this.#waiting);
    this.root = html("div", "nwv-timeline", this.#transport.element, this.#area, this.moment);
    host.classList.add("nwv-timeline-host");
    host.append(this.root);
    this.#listen(signal);
    hear(signal, { abort: () => this.root.remove() });
    this.update();
  }

  #listen(signal: AbortSignal): void {
    listenForScrubbing(
      {
        element: this.#slider,
        player: this.#player,
        scene: () => this.#scene,
        zoom: (factor, about) => this.#zoomBy(factor, about),
        resetZoom: () => this.#zoomTo(null),
        hover: (checkpoint) => this.#hover(checkpoint),
      },
      signal,
    );
    const stop = this.#player.subscribe(() => this.#drawFrame());
    const resized = globalThis.ResizeObserver && new ResizeObserver(() => this.resize());
    resized?.observe(this.#slider);
    hear(signal, {
      abort: () => {
        stop();
        resized?.disconnect();
      },
    });
  }

  /** Data or looks changed. */
  update(): void {
    const data = this.#read();
    const looks = this.#looks.get();
    const seen: unknown[] = [
      looks.x,
      data.nCheckpoints,
      data.steps,
      data.epochs,
      data.updateSizes,
      awayRanges(data.nCheckpoints, data.isHere).join(),
    ];
    for (const { name, run, x, y } of data.metrics) seen.push(name, run, x, x.length, y);
    const isLive = data.metrics.length === 0; // sizes of updates fill up in place
    if (isLive || seen.length !== this.#seen.length || seen.some((value, i) => value !== this.#seen[i])) {
      if (this.#prepared && this.#seen[0] !== looks.x) this.#zoom = null;
      this.#prepared = prepare(data, looks.x);
      this.#seen = seen;
    }
    this.#metrics.build(this.#prepared!.curves, looks);
    this.#switches.update(this.#prepared!, this.#zoom);
    this.#showSlider();
    this.#build();
  }

  /** Show what stands above the curve from now on. */
  above(overhead: Overhead | null): void {
    this.#overhead = overhead;
    this.#build();
  }

  resize(): void {
    const width = this.#slider.clientWidth;
    if (width === this.#width) return;
    this.#width = width;
    this.#build();
  }

  #build(): void {
    const prepared = this.#prepared;
    this.#width ||= this.#slider.clientWidth;
    this.#scene = null;
    if (prepared && this.#width > MARGIN.left + MARGIN.right) {
      const plot = prepared.curves.length > 0 ? HEIGHT.curve : HEIGHT.bare;
      const top = this.#overhead ? HEIGHT.overhead : HEIGHT.above;
      const bottom = top + plot;
      const box = { left: MARGIN.left, right: this.#width - MARGIN.right, top, bottom };
      this.#scene = sceneOf(prepared, this.#looks.get(), this.#zoom ?? prepared.axis.full, box);
      this.#scene.overhead = this.#overhead;
      this.#chart.draw(this.#scene, bottom + HEIGHT.below);
    }
    this.#marked = -1;
    this.#drawFrame();
  }

  /** The clock moved, or its state changed. */
  #drawFrame(): void {
    const [player, prepared] = [this.#player, this.#prepared];
    if (!prepared) return;
    this.#transport.update();
    const text = player.waiting ? "waiting for the kernel" : "";
    if (this.#waiting.textContent !== text) this.#waiting.textContent = text;
    if (player.checkpoint !== this.#marked) this.#mark();
    if (this.#scene) this.#chart.move(headAt(this.#scene, player.position));
  }

  #mark(): void {
    const [player, prepared] = [this.#player, this.#prepared];
    const isFirst = this.#marked === -1;
    this.#marked = player.checkpoint;
    if (!isFirst && this.#turnPage()) return;
    this.#label.textContent = momentLabel(this.#marked, prepared!.moments);
    this.#metrics.mark(this.#marked);
    this.#chart.mark(this.#marked);
    if (this.#slider.getAttribute("role") !== "slider") return;
    this.#slider.setAttribute("aria-valuenow", String(this.#marked + 1));
    this.#slider.setAttribute(
      "aria-valuetext",
      [this.#describe(this.#marked), ...(this.#overhead?.at(this.#marked) ?? [])].join(", "),
    );
  }

  #describe(checkpoint: number): string {
    const shown = this.#prepared!.curves.filter((curve) => isShown(this.#looks.get(), curve));
    return momentText(
      checkpoint,
      this.#prepared!.moments,
      shown.map((curve) => [curve.label, curve.values[checkpoint] ?? null]),
    );
  }

  /** A playhead that leaves the zoomed part takes it along. */
  #turnPage(): boolean {
    if (!this.#zoom) return false;
    const page = paged(this.#zoom, this.#prepared!.axis.full, along(this.#prepared!.axis, this.#marked));
    if (page[0] === this.#zoom[0]) return false;
    this.#zoomTo(page);
    return true;
  }

  #zoomBy(factor: number, about: number | null): void {
    const { full } = this.#prepared!.axis;
    const head = along(this.#prepared!.axis, this.#player.checkpoint);
    const span = zoomed(this.#zoom ?? full, full, about ?? head, factor);
    this.#zoomTo(span === full ? null : span);
  }

  #zoomTo(span: Span | null): void {
    this.#zoom = span;
    this.#hover(null);
    this.#switches.update(this.#prepared!, span);
    this.#build();
  }

  /** A slider if there is something to slide; one checkpoint's curve is only a picture. */
  #showSlider(): void {
    const { nCheckpoints } = this.#prepared!.moments;
    const isSlider = nCheckpoints > 1;
    const attributes: Attributes = {
      role: isSlider ? "slider" : "img",
      tabindex: isSlider ? "0" : null,
      "aria-label": isSlider ? "Checkpoint" : "Metrics",
      "aria-valuemin": isSlider ? "1" : null,
      "aria-valuemax": isSlider ? String(nCheckpoints) : null,
      "aria-valuenow": null,
      "aria-valuetext": null,
    };
    for (const [name, value] of Object.entries(attributes))
      if (value === null) this.#slider.removeAttribute(name);
      else this.#slider.setAttribute(name, String(value));
    this.#area.hidden = !isSlider && this.#prepared!.curves.length === 0;
    this.#label.dataset.longest = momentLabel(Math.max(0, nCheckpoints - 1), this.#prepared!.moments);
  }

  #hover(checkpoint: number | null): void {
    const x = checkpoint === null || !this.#scene ? null : headAt(this.#scene, checkpoint);
    this.#say(x, x === null ? "" : this.#describe(checkpoint!));
  }

  #say(x: number | null, text: string): void {
    this.#chart.ghost(x);
    this.#readout.hidden = x === null;
    if (x === null) return;
    this.#readout.textContent = text;
    const isLeft = x < this.#width / 2;
    this.#readout.style.left = isLeft ? `${Math.max(0, x - READOUT_OVERHANG)}px` : "";
    this.#readout.style.right = isLeft ? "" : `${Math.max(0, this.#width - x - READOUT_OVERHANG)}px`;
  }
}

/** Build the row in `host`; it follows the player by itself and leaves with the signal. */
export function createTimeline(
  host: HTMLElement,
  player: Player,
  read: () => TimelineData,
  looks: Looks,
  signal: AbortSignal,
): Timeline {
  return new Timeline(host, player, read, looks, signal);
}
