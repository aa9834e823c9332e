// The view of spectra: singular values over time, ranks, correlation by layer distance. Not for computing them, which
// Python does, nor for drawing each of these (see spectra/).
import { isLink, isUnit } from "../describe";
import { hear, html, put } from "../dom";
import { storedName } from "../network";
import type { Options } from "../options";
import { choice, type Refresh, toggles } from "../panel/controls";
import { formatCount } from "../scale";
import type { View, ViewContext } from "../views/context";
import { layerOf, type Part } from "./parts";
import { Board, type Panel } from "./spectra/board";
import { CorrelationPanel } from "./spectra/correlation";
import { type Spectra, spectraOf } from "./spectra/found";
import { RanksPanel } from "./spectra/ranks";
import { ValuesPanel } from "./spectra/values";

class SpectrumView implements View {
  readonly #board: Board;
  readonly #context: ViewContext;
  readonly #part = html("select", { class: "nwv-spectrum-part", "aria-label": "matrix" });
  readonly #bySelection = html("option", { value: "" });
  readonly #refreshers: Refresh[] = [];
  #panel!: Panel;
  #made = "";
  #drawn = "";
  #nTold = 0;
  #asked: Spectra[] = [];
  readonly #hear = new AbortController();

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    this.#board = new Board(host, context);
    this.#writeTools();
    this.#listen();
    this.update();
  }

  #writeTools(): void {
    const { tools, options, setOptions } = this.#context;
    const [kind, refreshKind] = choice<Options["spectrum"]>(
      "show",
      [
        ["singular_values", "singular values"],
        ["ranks", "ranks"],
        ["correlation", "correlation"],
      ],
      () => options().spectrum,
      (spectrum) => setOptions({ spectrum }),
    );
    const [log, refreshLog] = toggles<"y">(
      "",
      [{ value: "y", text: "log y", title: "a logarithmic vertical axis" }],
      () => (this.#board.isLog("y") ? ["y"] : []),
      (shown) => setOptions({ log_axes: [...options().log_axes.filter((axis) => axis !== "y"), ...shown] }),
    );
    const names = this.#board.matrices.map(({ name }) => name);
    this.#part.append(this.#bySelection);
    this.#part.append(...names.map((value) => html("option", { value }, value)));
    hear(this.#part, { change: () => setOptions({ of: this.#part.value ? [this.#part.value] : null }) });
    tools.append(kind, html("label", "nwv-tool", html("span", "nwv-tool-label", "of"), this.#part), log);
    this.#refreshers.push(refreshKind, refreshLog);
  }

  #listen(): void {
    const { stage } = this.#board.figure;
    const at = (event: MouseEvent): [number, number] => {
      const { left, top } = stage.getBoundingClientRect();
      return [event.clientX - left, event.clientY - top];
    };
    const { clock } = this.#context;
    const onClick = (event: MouseEvent): void => {
      const reading = this.#panel.read(...at(event));
      if (reading?.checkpoint != null) clock.seek(reading.checkpoint);
      else this.#panel.press?.(...at(event));
    };
    const onKey = (event: KeyboardEvent): void => {
      const last = this.#board.history.nCheckpoints - 1;
      const { checkpoint } = clock;
      const places: Record<string, number> = {
        ArrowLeft: checkpoint - 1,
        ArrowRight: checkpoint + 1,
        Home: 0,
        End: last,
      };
      const to = places[event.key];
      if (to !== undefined) clock.seek(Math.max(0, Math.min(last, to)));
      else if (!this.#panel.key?.(event.key)) return;
      event.preventDefault();
    };
    hear(
      stage,
      {
        pointermove: (event) => this.#board.tell(this.#panel.read(...at(event))),
        pointerleave: () => this.#board.tell(null),
        blur: () => this.#board.tell(null),
        click: onClick,
        keydown: onKey,
      },
      this.#hear.signal,
    );
  }

  /** The matrices that the options name: themselves, or those of a layer. */
  #named(): Part[] {
    const { of } = this.#context.options();
    return this.#board.matrices.filter(({ name, layer }) => of?.includes(name) || of?.includes(layer));
  }

  /** The matrix that is asked for, or the one of what is selected, or the first. */
  #chosen(): Part | null {
    const { network } = this.#context;
    const { matrices } = this.#board;
    const named = this.#named()[0];
    if (named) return named;
    const selection = this.#context.selection();
    const of = (parameter: string) =>
      matrices.find(({ name }) => name === storedName(network, parameter)) ??
      matrices.find(({ layer }) => layer === layerOf(parameter));
    let found: Part | undefined;
    if (isLink(selection)) {
      const bundle = network.bundles.find(({ id }) => id === selection.bundle);
      found = bundle && of(bundle.parameter);
    } else if (isUnit(selection)) {
      const layer = network.groups.find(({ id }) => id === selection.group)?.layer;
      found = matrices.find((part) => part.layer === layer);
    } else if (selection && "parameter" in selection) found = of(selection.parameter);
    return found ?? matrices[0] ?? null;
  }

  #makePanel(): void {
    const { spectrum } = this.#context.options();
    const named = this.#named();
    const parts = named.length > 0 ? named : this.#board.matrices;
    const part = this.#chosen()!;
    const shown = spectrum === "ranks" ? parts.map(({ name }) => name).join() : part.name;
    const key = `${spectrum} ${spectrum === "correlation" ? "" : shown} ${this.#board.history.name}`;
    if (key === this.#made) return;
    this.#made = key;
    this.#drawn = "";
    this.#board.tell(null);
    if (spectrum === "ranks") this.#panel = new RanksPanel(this.#board, parts);
    else if (spectrum === "correlation") this.#panel = new CorrelationPanel(this.#board);
    else this.#panel = new ValuesPanel(this.#board, part);
  }

  /** More spectra came. */
  readonly #told = (): void => {
    this.#nTold++;
    this.update();
  };

  #ask(): void {
    const { model, histories, history, options } = this.#context;
    history.want([]); // no weights are drawn
    const runs = options().spectrum === "ranks" ? histories : [this.#board.history];
    const wanted = runs.map((run) => spectraOf(model, run));
    for (const spectra of this.#asked) if (!wanted.includes(spectra)) spectra.leave(this.#told);
    this.#asked = wanted;
    const wish = this.#panel.wish();
    for (const spectra of wanted) spectra.want(this.#told, wish);
  }

  update(): void {
    const { options, isDark, changed } = this.#context;
    for (const refresh of this.#refreshers) refresh();
    const { of, spectrum, log_axes, x } = options();
    const named = of?.[0] ?? "";
    this.#part.value = this.#board.matrices.some(({ name }) => name === named) ? named : "";
    (this.#part.parentElement as HTMLElement).hidden = spectrum !== "singular_values";
    const isOther = this.#board.figure.measure();
    if (this.#board.matrices.length === 0) {
      if (isOther) this.#sayNothing();
      return;
    }
    this.#bySelection.textContent = named ? "as selected" : `as selected: ${this.#chosen()!.name}`;
    this.#makePanel();
    this.#ask();
    const { nCheckpoints, revision, summaries } = this.#board.history;
    const about = [log_axes, x, isDark(), nCheckpoints, revision, summaries.isEmpty, this.#nTold];
    const key = [this.#made, ...about].join("|");
    if (key !== this.#drawn || isOther) {
      this.#drawn = key;
      this.#panel.draw();
    }
    this.drawFrame();
    changed();
  }

  #sayNothing(): void {
    const { width, height } = this.#board.figure.size;
    this.#board.begin();
    this.#board.say({ left: 0, right: width, top: 0, bottom: height }, this.caption());
    this.#context.changed();
  }

  drawFrame(): void {
    this.#panel?.frame();
    if (!this.#panel || this.#context.clock.playing) return;
    put(this.#board.figure.stage, "aria-label", this.#panel.summary());
    this.#context.changed();
  }

  isDrawn(): boolean {
    return true;
  }

  resize(): void {
    this.update();
  }

  redraw(): void {
    this.#drawn = "";
    this.update();
  }

  rest(): void {}

  destroy(): void {
    this.#hear.abort();
    for (const spectra of this.#asked) spectra.leave(this.#told);
  }

  caption(): string {
    if (!this.#panel) return "there is no weight matrix that could have a spectrum";
    const { matrices, spectra } = this.#board;
    const { called } = this.#board.history;
    const run = called && `${called} · `;
    const left = spectra.leftOut.length;
    const kept = left
      ? ` · spectra of ${formatCount(left)} of ${formatCount(matrices.length)} matrices are not in this page`
      : "";
    return run + this.#panel.caption() + kept;
  }

  summary(): string {
    return this.#panel?.summary() ?? `${this.caption()}.`;
  }
}

export const createSpectrum = (host: HTMLElement, context: ViewContext): View =>
  new SpectrumView(host, context);
