// The frame of a display: its empty panels in their order, and full screen. Not for what is in the panels.
import { hear, html, iconButton } from "../dom";

const FULLSCREEN = "M9.5 2.5h4v4M13.5 2.5l-4.5 4.5M6.5 13.5h-4v-4M2.5 13.5l4.5-4.5";

export class Frame {
  readonly title = html("span", "nwv-head-title");
  readonly caption = html("span", "nwv-caption");
  readonly toolbar = html("div", {
    class: "nwv-toolbar",
    role: "toolbar",
    "aria-label": "What is drawn",
  });
  /** What of it is the graph's, and what is another view's. */
  readonly diagramTools = html("div", "nwv-tools");
  readonly viewTools = html("div", "nwv-tools");
  readonly tabs = html("div", { class: "nwv-tabs", role: "tablist", "aria-label": "View" });
  readonly view = html("div", { class: "nwv-view", role: "tabpanel" });
  readonly inspector = html("aside", { class: "nwv-inspector", hidden: true, "aria-label": "Selection" });
  readonly legend = html("div", "nwv-legend");
  readonly timeline = html("div", "nwv-timeline-host");
  readonly live = html("div", { class: "nwv-live", "aria-live": "polite", role: "status" });
  readonly #message = html("div", { class: "nwv-message", hidden: true });
  readonly root: HTMLElement;

  constructor(host: HTMLElement) {
    const fullscreen = iconButton("Full screen", FULLSCREEN);
    hear(fullscreen, { click: () => this.#toggleFullscreen() });
    const head = html("div", "nwv-head", html("div", {}, this.title, this.caption), this.tabs, fullscreen);
    this.toolbar.append(this.diagramTools, this.viewTools);
    const body = html("div", "nwv-body", this.view, this.inspector);
    const panels = [head, this.toolbar, body, this.#message, this.legend, this.timeline, this.live];
    this.root = html("div", "nnweightviz", ...panels);
    host.append(this.root);
  }

  say(text: string): void {
    this.#message.hidden = text === "";
    this.#message.textContent = text;
  }

  /** How high the view may be: what the reader asked for, or on a full screen all that the panels leave. */
  height(asked: number): number {
    if (document.fullscreenElement !== this.root) return asked;
    const panels = [...this.root.children].filter(
      (child) => !child.contains(this.view) && child !== this.live,
    );
    const others = panels.reduce((sum, child) => sum + (child as HTMLElement).offsetHeight + 8, 0);
    return Math.max(240, globalThis.innerHeight - others - 48);
  }

  #toggleFullscreen(): void {
    if (document.fullscreenElement === this.root) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }
}
