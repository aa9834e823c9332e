// Which view is on the stage: the graph, which is always there, or another one, which is made when it is shown.
import { html } from "./dom";
import { loadExtras } from "./extras";
import type { Frame } from "./panel/frame";
import type { Diagram, View, ViewContext } from "./views/context";

export class Switcher {
  readonly diagram: Diagram;
  readonly #frame: Frame;
  readonly #context: ViewContext;
  #name = "graph";
  #other: View | null = null;
  #host: HTMLElement | null = null;

  constructor(
    frame: Frame,
    context: ViewContext,
    create: (host: HTMLElement, context: ViewContext) => Diagram,
  ) {
    this.#frame = frame;
    this.#context = context;
    this.diagram = create(frame.view, context);
  }

  get isDiagram(): boolean {
    return this.#name === "graph";
  }

  /** What is on the stage; null while it is still made. */
  get shown(): View | null {
    return this.isDiagram ? this.diagram : this.#other;
  }

  /** Show a view by its name; `shown` is called when it is there. */
  async show(name: string, shown: () => void): Promise<void> {
    if (name === this.#name) return;
    const { view, diagramTools, viewTools, legend } = this.#frame;
    this.#name = name;
    this.#other?.destroy();
    this.#host?.remove();
    this.#other = this.#host = null;
    viewTools.replaceChildren();
    view.classList.toggle("nwv-is-other", !this.isDiagram);
    diagramTools.hidden = legend.hidden = !this.isDiagram;
    if (this.isDiagram) shown();
    else {
      this.diagram.rest();
      const { views } = await loadExtras(this.#context.model);
      if (this.#name !== name || this.#context.signal.aborted) return;
      this.#host = html("div", "nwv-other");
      view.append(this.#host);
      this.#other = views[name](this.#host, this.#context);
      shown();
    }
  }

  destroy(): void {
    this.#other?.destroy();
    this.diagram.destroy();
  }
}
