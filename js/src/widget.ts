// The entry that anywidget loads: one session a model, one app a display.
import { mount } from "./app";
import type { HostModel } from "./player";
import { sessionOf } from "./session";

function initialize({ model }: { model: HostModel }): void {
  sessionOf(model);
}

function render({ model, el }: { model: HostModel; el: HTMLElement }): () => void {
  const controller = new AbortController();
  mount(model, el, controller.signal);
  return () => controller.abort();
}

export default { initialize, render };
