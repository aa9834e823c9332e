// One display of a widget: panels, the current view, and the state between them.

import { asLink, type Selection } from "./describe";
import { hear, put } from "./dom";
import { loadExtras } from "./extras";
import type { RunsPanel } from "./extras/runs";
import type { HostModel } from "./host";
import { watchHost } from "./hosting";
import type { Options } from "./options";
import { Frame } from "./panel/frame";
import type { Inspector } from "./panel/inspector";
import { createLegend, type LegendPanel } from "./panel/legend";
import type { Beside } from "./panel/reading";
import { fillTabs } from "./panel/tabs";
import { createTimeline } from "./panel/timeline";
import { createToolbar } from "./panel/toolbar";
import { createTooltip, type Tooltip } from "./panel/tooltip";
import { looksOf, timelineOf } from "./runs";
import { PALETTES } from "./scale";
import { type Session, sessionOf, soonDecoded } from "./session";
import { createSpeech } from "./speech";
import { Switcher } from "./switcher";
import { applyTheme, watchTheme } from "./theme";
import { views } from "./views";
import type { ViewContext } from "./views/context";
import { withReduce } from "./views/graph/links";

class App {
  readonly #model: HostModel;
  readonly #signal: AbortSignal;
  readonly #session: Session;
  readonly #frame: Frame;
  #stage!: Switcher;
  #markTab!: (shown: string) => void;
  #toolbar!: { update(): void };
  #timeline!: ReturnType<typeof createTimeline>;
  #tooltip!: Tooltip;
  #inspector: Inspector | null = null; // made when something is first selected
  #makeInspector!: () => Promise<Inspector>;
  #legend!: LegendPanel;
  #speak!: (text: string) => void;
  #toldAt = "";
  #stale = 0;
  #runs: RunsPanel | null = null; // where there are several

  constructor(model: HostModel, host: HTMLElement, signal: AbortSignal) {
    this.#model = model;
    this.#signal = signal;
    this.#session = sessionOf(model);
    this.#frame = new Frame(host);
    this.#readTheme();
    this.#build();
    this.#listen();
    this.#showView();
    this.#refreshPanels();
  }

  #build(): void {
    const { network, history, player } = this.#session;
    const [options, isDark] = [() => this.#options(), () => this.#dark];
    const setOptions = (change: Partial<Options>) => this.#setOptions(change);
    const select = (selection: Selection | null) => this.#select(selection);
    const kernels = async () => (await loadExtras(this.#model)).KernelPicture;
    const beside: Beside = (link) => this.#runs?.beside(link) ?? null;
    const noteOf = (selection: Selection) => {
      return [this.#view.noteOf?.(selection), history.called].filter(Boolean).join(" · ") || null;
    };
    const told = { options, isDark, noteOf, beside, kernels };
    const above = { ...told, drawn: () => this.#view.network };
    this.#tooltip = createTooltip(this.#frame.view, history, (id) => this.#bundle(id), above);
    this.#legend = createLegend(this.#frame.legend);
    const bundles = () => network.bundles.map((b) => withReduce(b, options()));
    const enlarged = (selection: Selection) => this.#view.enlarged?.(selection) ?? null;
    this.#makeInspector = async () => {
      const { createInspector } = await loadExtras(this.#model);
      return createInspector(this.#frame.inspector, history, bundles, { ...told, select, enlarged });
    };
    const context: ViewContext = {
      network,
      history,
      histories: this.#session.histories,
      model: this.#model,
      tools: this.#frame.viewTools,
      showView: (name) => this.#write("view", name),
      clock: player,
      signal: this.#signal,
      options,
      setOptions,
      selection: () => this.#selection(),
      select,
      strips: () => loadExtras(this.#model).then(({ createStrips }) => createStrips),
      point: (selection, x, y, above, moment) => {
        const isTold = JSON.stringify(selection) === JSON.stringify(this.#selection()); // by the inspector
        if (selection === null || (isTold && moment === undefined)) this.#tooltip.hide();
        else this.#tooltip.show(selection, { x, y, above }, player.checkpoint, moment);
      },
      changed: () => this.#tell(),
      isDark,
      zoomed: (zoom) => this.#runs?.zoomed(zoom),
      height: () => this.#frame.height(this.#options().height),
      outputs: () => this.#session.outputs,
      draws: async (outputs, stage) => {
        const { createPictures } = await loadExtras(this.#model);
        return createPictures(outputs, stage, context);
      },
      refresh: () => this.#refresh(),
    };
    this.#stage = new Switcher(this.#frame, context, views.graph.create);
    this.#speak = createSpeech(this.#frame.live, this.#model, this.#session);
    this.#markTab = fillTabs(this.#frame.tabs, views, context.showView);
    this.#toolbar = createToolbar(this.#frame.diagramTools, {
      network,
      nCheckpoints: () => history.nCheckpoints,
      checkpoint: () => player.checkpoint,
      options,
      setOptions,
      isShaded: () => this.#view.isShaded(),
      canStrip: () => this.#view.canStrip(),
      zoom: (factor) => this.#view.zoom(factor),
      find: async (input) => {
        const find = (group: string, unit: number | null) => this.#select(this.#view.reveal(group, unit));
        (await loadExtras(this.#model)).findByName(input, network, find, (text) => this.#frame.say(text));
      },
    });
    const looks = { get: () => options(), set: setOptions };
    const read = () => timelineOf(history);
    this.#timeline = createTimeline(this.#frame.timeline, player, read, looks, this.#signal);
    if (this.#session.histories[1]) this.#addRuns(context);
    else history.decoding.then(() => this.#addEvents(select)).catch(() => {}); // the first picture comes first
  }

  async #addEvents(select: (selection: Selection | null) => void): Promise<void> {
    const [model, view, timeline] = [this.#model, this.#view, this.#timeline];
    (await loadExtras(model)).showEvents({ ...this.#session, model, view, select, timeline }, this.#signal);
  }

  async #addRuns(context: ViewContext): Promise<void> {
    const { compareRuns } = await loadExtras(this.#model);
    if (this.#signal.aborted) return;
    const [frame, view, session] = [this.#frame, this.#view, this.#session];
    this.#runs = compareRuns({ frame, view, session, context, create: views.graph.create });
    this.#refresh();
  }

  get #view() {
    return this.#stage.diagram;
  }

  /** Show the view that the model names. */
  #showView(): void {
    const name = this.#model.get("view");
    const known = name in views ? name : "graph";
    this.#markTab(known);
    this.#tooltip.hide();
    this.#stage.show(known, () => this.#refresh());
  }

  #listen(): void {
    const { history, player, gates } = this.#session;
    const [signal, model] = [this.#signal, this.#model];
    const isDrawn = (k: number) => this.#stage.shown?.isDrawn(k) ?? true;
    gates.add(isDrawn);
    const stop: (() => unknown)[] = [() => gates.delete(isDrawn)];
    stop.push(
      history.subscribe(() => this.#refresh()),
      player.subscribe(() => this.#drawFrame()),
    );
    const on = (event: string, callback: () => void) => {
      model.on(event, callback);
      stop.push(() => model.off(event, callback));
    };
    for (const trait of ["options", "title"]) on(`change:${trait}`, () => this.#refresh());
    on("change:selection", () => {
      this.#stage.shown?.update();
      this.#inspect();
    });
    on("change:view", () => this.#showView());
    hear(signal, {
      abort: () => {
        for (const end of stop) end();
        this.#stage.destroy();
        this.#frame.root.remove();
      },
    });
    watchTheme(() => this.#readTheme() && this.#refresh(), signal);
    watchHost(this.#frame.root, this.#frame.view, signal, {
      resized: () => {
        this.#stage.shown?.resize();
        this.#timeline.resize();
      },
      seen: () => this.#stage.shown?.redraw(),
      hidden: () => this.#stage.shown?.rest(),
      escape: () => {
        if (!this.#selection()) return;
        this.#select(null);
        this.#frame.view.querySelector<HTMLElement>("[tabindex]")?.focus();
      },
      space: () => this.#session.player.toggle(),
      fullscreen: () => this.#stage.shown?.update(),
    });
  }

  #options(): Options {
    return looksOf(this.#model.get("options"), this.#session.histories);
  }

  #setOptions(change: Partial<Options>): void {
    this.#write("options", { ...this.#model.get("options"), ...change });
  }

  #write(trait: string, value: unknown): void {
    this.#model.set(trait, value);
    this.#model.save_changes();
  }

  #selection(): Selection | null {
    return this.#model.get("selection") ?? null;
  }

  #select(selection: Selection | null): void {
    this.#tooltip.hide();
    this.#write("selection", selection);
  }

  #bundle(id: string) {
    const bundles = [...this.#view.network.bundles, ...this.#session.network.bundles];
    return withReduce(bundles.find((bundle) => bundle.id === id)!, this.#options());
  }

  /** Read the host's theme; true if it changed. */
  #readTheme(): boolean {
    return applyTheme(this.#frame.root, this.#options().theme);
  }

  get #dark(): boolean {
    return this.#frame.root.dataset.theme === "dark";
  }

  /** Data or looks changed: everything follows. */
  #refresh(): void {
    this.#readTheme();
    this.#stage.shown?.update();
    this.#refreshPanels();
  }

  /** All but the view. */
  #refreshPanels(): void {
    const { history, player } = this.#session;
    this.#frame.title.textContent = this.#model.get("title") || this.#session.network.name;
    player.easing = this.#options().easing;
    this.#frame.say(history.error ?? "");
    this.#frame.root.toggleAttribute("data-ready", history.hasValues);
    this.#toolbar.update();
    this.#timeline.update();
    this.#inspect();
    this.#drawFrame();
  }

  async #inspect(): Promise<void> {
    const { network, player } = this.#session;
    this.#runs?.update();
    if (this.#selection()) this.#inspector ??= await this.#makeInspector();
    const selection = asLink(network, network.bundles, this.#selection());
    const hadFocus = this.#frame.inspector.contains(
      (this.#frame.root.getRootNode() as Document).activeElement,
    );
    this.#inspector?.show(selection, player.checkpoint);
    // The panel lies over the half of the stage that the selection is not in.
    this.#frame.inspector.classList.toggle("nwv-on-left", this.#view.isOnRight(selection));
    const next = this.#frame.inspector.hidden ? this.#frame.view : this.#frame.inspector;
    if (hadFocus) next.querySelector<HTMLElement>("button, [tabindex]")?.focus();
  }

  #drawFrame(): void {
    const { player, history } = this.#session;
    this.#stage.shown?.drawFrame();
    this.#runs?.drawFrame();
    history.prefetch(player.checkpoint, player.playing, player.loop);
    const { root } = this.#frame;
    put(root, "data-checkpoint", player.checkpoint);
    put(root, "data-n-checkpoints", history.nCheckpoints);
    put(root, "data-view", this.#model.get("view"));
    put(root, "data-playing", player.playing);
    const now = `${player.checkpoint} ${player.playing}`; // at a pause, what was not said while it played
    if (now !== this.#toldAt) {
      this.#toldAt = now;
      this.#tell();
      this.#tooltip.move(player.checkpoint);
      this.#inspector?.move(player.checkpoint);
    }
  }

  /** Caption and legend, at most once a frame; the long text for screen readers only at rest. */
  #tell(): void {
    if (this.#stale || !this.#stage) return;
    this.#stale = requestAnimationFrame(() => {
      this.#stale = 0;
      if (this.#signal.aborted || !this.#session.history.hasValues) return;
      const [{ root, caption }, { shown }] = [this.#frame, this.#stage];
      if (!shown) return;
      const text = shown.caption();
      if (caption.textContent !== text) caption.textContent = text;
      this.#inspector?.tell();
      this.#tooltip.tell();
      const palette = PALETTES[this.#dark ? "dark" : "light"];
      if (this.#stage.isDiagram) this.#legend.update(this.#view.legend(), palette, this.#options().scale);
      put(root, "data-links", this.#view.nLinks);
      put(root, "data-links-drawn", this.#view.nLinksDrawn);
      if (!this.#session.player.playing) this.#speak(shown.summary());
    });
  }
}

/** Show a widget model in an element until the signal aborts. */
export async function mount(model: HostModel, host: HTMLElement, signal: AbortSignal): Promise<void> {
  await soonDecoded(sessionOf(model));
  if (!signal.aborted) new App(model, host, signal);
}
