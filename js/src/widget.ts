// The entry that anywidget loads: one session a model, one app a display.
import { shared } from "nnweightviz:shared";
import { mount } from "./app";
import { type Extras, loadBy } from "./extras";
import type { HostModel } from "./host";
import { sessionOf } from "./session";

/** What the text of the second part is, as a module. @boundary */
type SecondPart = { default(shared: unknown[]): { extras: Extras } };

loadBy(async (model) => {
  const url = URL.createObjectURL(new Blob([model.get("_extras")], { type: "text/javascript" }));
  try {
    const part: SecondPart = await import(url);
    return part.default(shared).extras;
  } finally {
    URL.revokeObjectURL(url);
  }
});

// Hosts call the factory once a widget, but give every display a proxy of the model of its own, and forget what was
// heard through it when the display closes. So what all displays share hangs on the model of `initialize`. @boundary
export default () => {
  let home: HostModel;
  return {
    initialize({ model }: { model: HostModel }): void {
      home = model;
      sessionOf(home);
    },
    render({ el }: { el: HTMLElement }): () => void {
      const controller = new AbortController();
      mount(home, el, controller.signal);
      return () => controller.abort();
    },
  };
};
