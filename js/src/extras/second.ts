// The diagram of another run beside the shown one's: the same layout, zoom, selection and scale, at the matching checkpoint.

import { html } from "../dom";
import type { History } from "../history";
import { renumbered } from "../history/run";
import { KernelPicture } from "../panel/kernel";
import { momentLabel } from "../panel/moment";
import type { Beside } from "../panel/reading";
import { createTooltip } from "../panel/tooltip";
import type { Session } from "../session";
import type { Diagram, ViewContext } from "../views/context";
import { withReduce } from "../views/graph/links";

export interface Stage {
  session: Session;
  view: Diagram; // of the shown run
  context: ViewContext;
  create: (host: HTMLElement, context: ViewContext) => Diagram;
}

export class Second {
  readonly view: Diagram;
  readonly name = html("div", "nwv-run-head");
  readonly host = html("div", "nwv-view");
  readonly #stage: Stage;
  readonly #other: History;
  readonly #tooltip;
  readonly #stop: () => void;
  #stale = 0;

  constructor(stage: Stage, other: History, beside: Beside, place: (second: Second) => void) {
    this.#stage = stage;
    this.#other = other;
    const { view, context, session } = stage;
    const { options, isDark } = context;
    this.#tooltip = createTooltip(this.host, other, (id) => this.#bundle(id), {
      options,
      isDark,
      beside,
      kernels: async () => KernelPicture,
      drawn: () => this.view.network,
      noteOf: (selection) => [this.view.noteOf?.(selection), other.called].filter(Boolean).join(" · "),
    });
    const second = this;
    place(this); // in the page, so that it knows how wide it is
    this.view = stage.create(this.host, {
      ...context,
      history: other,
      clock: {
        get position() {
          return second.checkpoint;
        },
        get checkpoint() {
          return second.checkpoint;
        },
        get playing() {
          return session.player.playing;
        },
        /** Where the other run is at its checkpoint k, or just beyond. */
        seek: (k) => {
          const { player } = session;
          let at = 0;
          while (at < player.nCheckpoints - 1 && this.#matching(at) < k) at++;
          player.seek(at);
        },
      },
      scaledAs: () => view.links,
      zoomed: (zoom) => view.zoomTo(zoom),
      point: (selection, x, y, above) => {
        if (selection === null) this.#tooltip.hide();
        else this.#tooltip.show(selection, { x, y, above }, this.checkpoint);
      },
      changed: () => this.#tell(),
    });
    this.view.zoomTo(view.zoomState);
    const isDrawn = (k: number) => {
      const at = this.#matching(k);
      return other.isReady(at) && this.view.isDrawn(at);
    };
    session.gates.add(isDrawn);
    const resized = new ResizeObserver(() => this.view.resize());
    resized.observe(this.host);
    const isSeen = (entries: IntersectionObserverEntry[]) => entries.some((entry) => entry.isIntersecting);
    const seen = new IntersectionObserver((e) => (isSeen(e) ? this.view.redraw() : this.view.rest()));
    seen.observe(this.host);
    this.#stop = () => {
      session.gates.delete(isDrawn);
      resized.disconnect();
      seen.disconnect();
    };
  }

  #matching(k: number): number {
    return renumbered(k, this.#stage.session.history.steps, this.#other);
  }

  /** The latest one of this run that is not later than the playhead. */
  get checkpoint(): number {
    return this.#matching(this.#stage.session.player.checkpoint);
  }

  #bundle(id: string) {
    const { network, options } = this.#stage.context;
    const bundle = [...this.view.network.bundles, ...network.bundles].find((other) => other.id === id);
    return withReduce(bundle!, options());
  }

  drawFrame(): void {
    const { player } = this.#stage.session;
    this.view.drawFrame();
    this.#other.prefetch(this.checkpoint, player.playing, player.loop);
    this.#tooltip.move(this.checkpoint);
    this.host.dataset.checkpoint = String(this.checkpoint);
    this.#tell();
  }

  /** Its name, its moment, and what the caption of the shown run does not say of it; at most once a frame. */
  #tell(): void {
    if (this.#stale) return;
    this.#stale = requestAnimationFrame(() => {
      this.#stale = 0;
      if (!this.host.isConnected) return;
      const told = new Set(this.#stage.view.caption().split(" · "));
      const own = this.view.caption().split(" · ");
      const rest = own.filter((words) => !told.has(words) && words !== this.#other.called);
      writeHead(this.name, this.#other, this.checkpoint, rest.join(" · "));
      if (!this.#stage.session.player.playing) this.view.summary();
    });
  }

  destroy(): void {
    this.#stop();
    this.view.destroy();
    this.host.remove();
    this.name.remove();
  }
}

/** "adam  epoch 3 · step 300 (4/11)" above a diagram. */
export function writeHead(host: HTMLElement, run: History, checkpoint: number, rest = ""): void {
  const moment = momentLabel(checkpoint, run);
  const text = rest ? `${moment} · ${rest}` : moment;
  if (host.dataset.told === run.name + text) return;
  host.dataset.told = run.name + text;
  host.replaceChildren(html("b", {}, run.name), " ", html("span", {}, text));
}
