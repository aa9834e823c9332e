// The overview: all parameters of a model in a table, each as a line over time on the colour of its value at the playhead.
// It needs no weights; not for the table in the page (see overview/table.ts).
import { isLink, type Selection } from "../describe";
import { hear, html, put } from "../dom";
import { sizeOf } from "../hierarchy";
import type { History } from "../history";
import { storedName } from "../network";
import { along, timeAxis } from "../panel/axis";
import { choice, type Refresh, toggles } from "../panel/controls";
import { momentLabel } from "../panel/moment";
import { formatAmount, formatCount, formatValue } from "../scale";
import type { View, ViewContext } from "../views/context";
import { colourOf, MEASURES, scaleWords, titleOf } from "./overview/colours";
import { type Grid, gridOf } from "./overview/grid";
import css from "./overview/overview.css";
import { lineOf, type Measure, type Range, rangeOf, seriesOf, shareOf } from "./overview/series";
import { Table } from "./overview/table";
import { matricesOf } from "./spectra/board";
import { type Spectra, spectraOf } from "./spectra/found";
import shared from "./views.css";

/** By the key that opens them. */
const VIEWS: Record<string, string> = { m: "matrix", d: "distribution" };
class Overview implements View {
  readonly #context: ViewContext;
  readonly #grid: Grid;
  readonly #table: Table;
  readonly #told = html("div", { class: "nwv-overview-told" });
  readonly #scale = html("span", "nwv-overview-scale");
  readonly #openers: HTMLButtonElement[];
  readonly #refreshers: Refresh[] = [];
  readonly #kernels: Set<string>;
  #series = new Map<string, ArrayLike<number>>();
  #range: Range | null = null;
  #shares: number[] = [];
  #drawn = "";
  #coloured = "";
  #pointed: string | null = null;
  #asked: Spectra | null = null;
  #nTold = 0;

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    this.#grid = gridOf(context.network);
    this.#kernels = new Set(matricesOf(context.network).map(({ name }) => name));
    this.#table = new Table(this.#grid, {
      told: (name) => this.#tell(name),
      pressed: (name) => this.#choose(name),
      key: (name, key) => this.#open(name, key),
    });
    const keys = html("div", "nwv-keys", this.#scale, this.#told);
    host.append(html("style", {}, shared, css), this.#table.root, keys);
    this.#openers = this.#writeTools();
    this.update();
  }

  #writeTools(): HTMLButtonElement[] {
    const { tools, options, setOptions } = this.#context;
    const [measure, refreshMeasure] = choice<Measure>(
      "show",
      MEASURES,
      () => options().overview,
      (overview) => setOptions({ overview }),
    );
    const [log, refreshLog] = toggles<"y">(
      "",
      [{ value: "y", text: "log", title: "colours and lines by the logarithms of the values" }],
      () => (this.#isLog ? ["y"] : []),
      (shown) => setOptions({ log_axes: [...options().log_axes.filter((axis) => axis !== "y"), ...shown] }),
    );
    const opener = (text: string, title: string, key: string): HTMLButtonElement => {
      const button = html("button", { type: "button", class: "nwv-toggle nwv-overview-open", title }, text);
      hear(button, { click: () => this.#chosen && this.#open(this.#chosen, key) });
      return button;
    };
    const openers = [
      opener("open as matrix", "show the weights of the chosen parameter (m)", "m"),
      opener("open as distribution", "show how the weights of the chosen parameter are spread (d)", "d"),
    ];
    tools.append(measure, log, html("span", "nwv-tool", ...openers));
    this.#refreshers.push(refreshMeasure, refreshLog);
    return openers;
  }

  /** The run that is shown; not the one that stands for it. */
  get #history(): History {
    const { histories, options } = this.#context;
    return histories.find(({ name }) => name === options().run) ?? histories[0];
  }

  get #isLog(): boolean {
    return this.#context.options().log_axes.includes("y");
  }

  /** The parameter that is chosen, or the one of what is selected elsewhere. */
  get #chosen(): string | null {
    const { network, options, selection } = this.#context;
    const of = options().of ?? [];
    if (of.length === 1 && of[0] in network.parameters) return storedName(network, of[0]);
    return of.length === 0 ? this.#parameterOf(selection()) : null;
  }

  #parameterOf(selection: Selection | null): string | null {
    const { network } = this.#context;
    if (selection && "parameter" in selection) return storedName(network, selection.parameter);
    if (!isLink(selection)) return null;
    const bundle = network.bundles.find(({ id }) => id === selection.bundle);
    return bundle ? storedName(network, bundle.parameter) : null;
  }

  #choose(name: string): void {
    const isOff = this.#context.options().of?.[0] === name && this.#chosen === name;
    this.#context.setOptions({ of: isOff ? null : [name] });
  }

  /** Open a parameter in another view; false if the key is of none. */
  #open(name: string, key: string): boolean {
    const view = VIEWS[key];
    if (!view) return false;
    this.#context.setOptions({ of: [name], by: "parameter" });
    this.#context.showView(view);
    return true;
  }

  /** More ranks came. */
  readonly #came = (): void => {
    this.#nTold++;
    this.update();
  };

  #ask(measure: Measure): void {
    const { model, history } = this.#context;
    history.want([]); // no weights are drawn
    const spectra = spectraOf(model, this.#history);
    if (this.#asked !== spectra || measure !== "stable_rank") this.#asked?.leave(this.#came);
    this.#asked = spectra;
    if (measure === "stable_rank") spectra.want(this.#came, { names: this.#names, correlation: false });
  }

  /** Parameters that have a stable rank. */
  get #names(): string[] {
    return this.#table.cells.map(({ name }) => name).filter((name) => this.#kernels.has(name));
  }

  update(): void {
    const { options, height, isDark, changed } = this.#context;
    for (const refresh of this.#refreshers) refresh();
    const { overview, x } = options();
    this.#table.root.style.maxHeight = `${height()}px`;
    this.#ask(overview);
    const { nCheckpoints, revision, name } = this.#history;
    const key = [overview, x, this.#isLog, isDark(), nCheckpoints, revision, name, this.#nTold].join("|");
    const isEmpty = this.#range === null; // summaries may have been on their way
    if (key !== this.#drawn || isEmpty) {
      this.#drawn = key;
      this.#draw(overview);
    }
    this.#showChosen();
    this.#coloured = "";
    this.drawFrame();
    changed();
  }

  #draw(measure: Measure): void {
    const history = this.#history;
    const axis = timeAxis(history, [], this.#context.options().x);
    const [from, to] = axis.full;
    this.#shares = axis.at.map((at) => (history.nCheckpoints < 2 ? 0.5 : (at - from) / (to - from)));
    const { known } = this.#asked!;
    this.#series = new Map(
      this.#table.cells.map(({ name }) => [name, seriesOf(history, measure, name, known)]),
    );
    const found = rangeOf(this.#series.values(), this.#isLog);
    this.#range = found && (this.#isLog ? found : [0, found[1]]);
    for (const { name, line } of this.#table.cells)
      line.setAttribute("d", lineOf(this.#series.get(name)!, this.#shares, this.#isLog));
    this.#writeScale(measure);
  }

  #writeScale(measure: Measure): void {
    const { isDark } = this.#context;
    const told = this.#range && scaleWords(measure, this.#range, this.#isLog, isDark());
    this.#scale.replaceChildren(...(told ?? [this.#whyNone()]));
  }

  #showChosen(): void {
    const chosen = this.#chosen;
    for (const { name, button } of this.#table.cells) put(button, "aria-pressed", name === chosen);
    for (const opener of this.#openers) opener.disabled = chosen === null;
  }

  drawFrame(): void {
    const { clock } = this.#context;
    const axis = timeAxis(this.#history, [], this.#context.options().x);
    const [from, to] = axis.full;
    const share = this.#history.nCheckpoints < 2 ? 0.5 : (along(axis, clock.position) - from) / (to - from);
    this.#table.root.style.setProperty("--nwv-overview-at", `${(100 * share).toFixed(2)}%`);
    const k = clock.checkpoint;
    if (this.#coloured === String(k)) return;
    this.#coloured = String(k);
    for (const { name, button } of this.#table.cells) {
      const value = this.#series.get(name)?.[k] ?? Number.NaN;
      const place = this.#range ? shareOf(value, this.#range, this.#isLog) : Number.NaN;
      button.style.background = Number.isFinite(place) ? colourOf(place, this.#context.isDark()) : "none";
      const nOdd = this.#history.summaries.over("n_odd", [name])[k];
      button.classList.toggle("nwv-odd", nOdd > 0);
      if (!clock.playing) put(button, "aria-label", this.#wordsOf(name, k));
    }
    this.#tell(this.#pointed);
    this.#context.changed();
  }

  #wordsOf(name: string, k: number): string {
    const measure = this.#context.options().overview;
    const title = titleOf(measure);
    const value = this.#series.get(name)?.[k] ?? Number.NaN;
    const nOdd = this.#history.summaries.over("n_odd", [name])[k];
    if (Number.isFinite(value)) return `${name}: ${title} ${formatValue(value)}`;
    if (nOdd > 0) return `${name}: ${formatCount(nOdd)} NaN or infinite weights`;
    return `${name}: ${title} not known: ${this.#whyUnknown(measure, name, k)}`;
  }

  #whyUnknown(measure: Measure, name: string, k: number): string {
    if (measure === "stable_rank") {
      if (!this.#kernels.has(name)) return "it is no matrix";
      if (!this.#asked?.known.has(name)) return this.#whyNone();
    }
    return k === 0 && measure !== "norm" && measure !== "stable_rank"
      ? "there is no checkpoint before it"
      : "not recorded";
  }

  #whyNone(): string {
    if (this.#context.options().overview !== "stable_rank") return "nothing is known at any checkpoint";
    if (this.#asked?.error) return this.#asked.error;
    return this.#asked?.hasKernel
      ? "Python is computing it"
      : "this page does not have it: it would have taken too long to compute";
  }

  #tell(name: string | null): void {
    this.#pointed = name;
    if (!name) {
      this.#told.textContent = "";
      return;
    }
    const { network, clock } = this.#context;
    const range = rangeOf([this.#series.get(name) ?? []], false);
    const from = range ? ` · over time ${formatValue(range[0])} to ${formatValue(range[1])}` : "";
    const shape = network.parameters[name].map(formatCount).join(" × ");
    const moment = momentLabel(clock.checkpoint, this.#history);
    this.#told.textContent = `${this.#wordsOf(name, clock.checkpoint)} at ${moment}${from} · ${shape}`;
  }

  isDrawn(): boolean {
    return true;
  }

  resize(): void {
    this.#table.root.style.maxHeight = `${this.#context.height()}px`;
  }

  redraw(): void {}

  rest(): void {}

  destroy(): void {
    this.#asked?.leave(this.#came);
  }

  caption(): string {
    const { network, options } = this.#context;
    const n = this.#table.cells.length;
    const size = (name: string) => sizeOf(network.parameters[name]);
    const nWeights = this.#table.cells.reduce((sum, { name }) => sum + size(name), 0);
    const rows = `${formatCount(this.#grid.rows.length)} ${this.#grid.hasBlocks ? "blocks and layers" : "layers"}`;
    const run = this.#history.called && `${this.#history.called} · `;
    const of = `${formatCount(n)} parameters (${formatAmount(nWeights)} weights) in ${rows}`;
    if (options().overview !== "stable_rank") return `${run}${of} · exact, of every checkpoint`;
    const names = this.#names;
    const here = this.#asked?.nKnown(names) ?? 0;
    const left = this.#asked?.leftOut.length ?? 0;
    const progress =
      here < names.length ? `${formatCount(here)} of ${formatCount(names.length)} are here` : "all are here";
    const why = left > 0 ? "; the others would have taken this page too long" : "";
    return `${run}${of} · stable rank of ${formatCount(names.length)} matrices, ${progress}${why}`;
  }

  summary(): string {
    const k = this.#context.clock.checkpoint;
    const measure = this.#context.options().overview;
    const title = titleOf(measure);
    const there = this.#table.cells
      .map(({ name }) => ({ name, value: this.#series.get(name)?.[k] ?? Number.NaN }))
      .filter(({ value }) => Number.isFinite(value))
      .sort((a, b) => b.value - a.value);
    const moment = momentLabel(k, this.#history);
    const [first, last] = [there[0], there.at(-1)];
    if (!first || !last) return `Overview of ${this.caption()}. At ${moment} no ${title} is known.`;
    return (
      `Overview of ${this.caption()}. At ${moment} the ${title} is largest in ${first.name}, ${formatValue(first.value)}, ` +
      `and smallest in ${last.name}, ${formatValue(last.value)}.`
    );
  }
}

export const createOverview = (host: HTMLElement, context: ViewContext): View => new Overview(host, context);
