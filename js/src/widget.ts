// The entry that anywidget loads: one session a model, one app a display.
import { mount } from "./app";
import type { HostModel } from "./player";
import { sessionOf } from "./session";

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
