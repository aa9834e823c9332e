// Several runs on one stage: which one is shown, what it is compared with, and the diagram beside it.
import { hear, html } from "../dom";
import { choice } from "../panel/controls";
import type { Frame } from "../panel/frame";
import type { Beside } from "../panel/reading";
import type { Zoom } from "../views/context";
import { BesideReading } from "./beside";
import css from "./runs.css";
import { Second, type Stage, writeHead } from "./second";

export interface RunsPanel {
  /** Data, looks or selection changed. */
  update(): void;
  drawFrame(): void;
  zoomed(zoom: Zoom): void;
  beside: Beside;
}

/** The choosers above the stage: "run adam, compare side by side, with sgd". */
function choosers({ context, session }: Stage): { element: HTMLElement; refresh(): void } {
  const { options, setOptions } = context;
  const names = session.histories.map(({ name }) => name);
  const [run, refreshRun] = choice(
    "run",
    names.map((name) => [name, name]),
    () => options().run!,
    (name) => {
      const { run, against } = options();
      setOptions({ run: name, against: name === against ? run : against });
    },
  );
  const [compare, refreshCompare] = choice(
    "compare",
    [
      ["none", "alone"],
      ["side", "side by side with"],
      ["difference", "difference from"],
    ],
    () => options().compare,
    (how) => setOptions({ compare: how }),
  );
  const other = html("select", { "aria-label": "compared with" });
  hear(other, { change: () => setOptions({ against: other.value }) });
  const refresh = (): void => {
    refreshRun();
    refreshCompare();
    const { run: shown, against, compare: how } = options();
    const others = names.filter((name) => name !== shown);
    const listed = [...other.options].map(({ value }) => value);
    if (listed.join("\n") !== others.join("\n"))
      other.replaceChildren(...others.map((value) => html("option", { value }, value)));
    other.value = against!;
    other.hidden = how === "none";
  };
  return {
    element: html(
      "span",
      { class: "nwv-tool nwv-runs", role: "group", "aria-label": "runs" },
      run,
      compare,
      other,
    ),
    refresh,
  };
}

class Comparison implements RunsPanel {
  readonly #stage: Stage;
  readonly #frame: Frame;
  readonly #choosers;
  readonly #name = html("div", "nwv-run-head");
  #second: Second | null = null;
  #beside = ""; // the run that is there

  constructor({ frame, ...stage }: Stage & { frame: Frame }) {
    this.#stage = stage;
    this.#frame = frame;
    this.#choosers = choosers(stage);
    frame.toolbar.prepend(this.#choosers.element);
    frame.root.prepend(html("style", {}, css));
    hear(stage.context.signal, { abort: () => this.#second?.destroy() });
  }

  get #against() {
    const { against } = this.#stage.context.options();
    return this.#stage.session.histories.find(({ name }) => name === against)!;
  }

  update(): void {
    const { run, against, compare } = this.#stage.context.options();
    const { dataset } = this.#frame.root;
    const wanted = compare === "side" && dataset.view === "graph" ? against! : "";
    dataset.run = run!;
    dataset.compare = compare;
    this.#choosers.refresh();
    if (wanted !== this.#beside) {
      this.#beside = wanted;
      this.#second?.destroy();
      this.#second = null;
      this.#name.remove();
      const { view } = this.#frame;
      view.parentElement!.classList.toggle("nwv-side", wanted !== "");
      if (wanted) {
        view.before(this.#name);
        this.#second = new Second(this.#stage, this.#against, this.beside, (second) =>
          view.after(second.name, second.host),
        );
      }
      this.#stage.view.resize();
    } else this.#second?.view.update();
    this.drawFrame();
  }

  drawFrame(): void {
    if (!this.#second) return;
    const { history, player } = this.#stage.session;
    writeHead(this.#name, history, player.checkpoint);
    this.#second.drawFrame();
  }

  zoomed(zoom: Zoom): void {
    this.#second?.view.zoomTo(zoom);
  }

  /** Both runs of a comparison, or all of them. */
  beside: Beside = (link) => {
    const { session, context } = this.#stage;
    const { compare, run, against } = context.options();
    const isTold = ({ name }: { name: string }) => compare === "none" || name === against;
    const own = session.histories.find(({ name }) => name === run)!;
    const others = session.histories.filter((other) => other !== own && isTold(other));
    const head = () => session.player.checkpoint;
    return new BesideReading([own, ...others], link, head, context.options());
  };
}

export const compareRuns = (stage: Stage & { frame: Frame }): RunsPanel => new Comparison(stage);
