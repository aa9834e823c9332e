// The registry of views: what the widget can show, by name.
import type { View, ViewContext } from "./context";
import { createGraph } from "./graph";

export const views: Record<string, { title: string; create(host: HTMLElement, context: ViewContext): View }> =
  {
    graph: { title: "Graph", create: createGraph },
  };
