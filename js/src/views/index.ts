// The registry of views: what the widget can show, by name. All but the graph are made by the second part of the bundle.
import type { Diagram, ViewContext } from "./context";
import { createGraph } from "./graph";

interface Registered {
  title: string;
  create?: (host: HTMLElement, context: ViewContext) => Diagram;
}

/** Their names are those of Python. @boundary */
export const views: Record<string, Registered> & { graph: Required<Registered> } = {
  graph: { title: "Graph", create: createGraph },
  matrix: { title: "Matrix" },
  distribution: { title: "Distribution" },
  trajectory: { title: "Trajectory" },
  spectrum: { title: "Spectrum" },
  overview: { title: "Overview" },
};
