// The switches of the loss curve: by step or evenly, linear or logarithmic, and the way back from a zoom.
import { hear, html } from "../dom";
import { formatValue } from "../scale";
import type { Span } from "./axis";
import { isShown, type Prepared, type TimelineLooks, whyNotLog } from "./scene";

export interface Looks {
  get(): TimelineLooks;
  set(change: Partial<TimelineLooks>): void;
}

export interface Switches {
  element: HTMLElement;
  unzoom: HTMLElement;
  update(prepared: Prepared, zoom: Span | null): void;
}

export function createSwitches(looks: Looks, resetZoom: () => void, signal: AbortSignal): Switches {
  const button = (text: string, className: string, act: () => void) => {
    const element = html("button", { type: "button", class: `nwv-switch ${className}` }, text);
    hear(element, { click: act }, signal);
    return element;
  };
  const isLog = () => looks.get().y === "log";
  const isByStep = () => looks.get().x === "step";
  const log = button("log", "nwv-log", () => looks.set({ y: isLog() ? "linear" : "log" }));
  const byStep = button("by step", "nwv-by-step", () => looks.set({ x: isByStep() ? "index" : "step" }));
  const unzoom = button("", "nwv-unzoom", resetZoom);

  function update({ axis, curves, isUneven }: Prepared, zoom: Span | null): void {
    const why = whyNotLog(curves.filter((curve) => isShown(looks.get(), curve)));
    log.hidden = curves.length === 0;
    log.disabled = why !== null;
    log.title = why ?? "Logarithmic scale";
    log.setAttribute("aria-pressed", String(isLog() && why === null));
    byStep.hidden = !isUneven;
    byStep.title = isByStep()
      ? "Checkpoints lie by step; press to lay them out evenly"
      : "Checkpoints lie evenly; press to lay them out by step";
    byStep.setAttribute("aria-pressed", String(isByStep()));
    unzoom.hidden = zoom === null;
    if (!zoom) return;
    const times = (axis.full[1] - axis.full[0]) / (zoom[1] - zoom[0]);
    unzoom.textContent = `${formatValue(Number(times.toPrecision(2)))}× · reset zoom`;
    unzoom.title = "Show all (0, or double-click)";
  }
  return { element: html("div", "nwv-switches", byStep, log), unzoom, update };
}
