// The metrics by name, each with its value at the current checkpoint: the curves' legend and their switches.
import { hear, html, svg } from "../dom";
import { formatValue } from "../scale";
import { hueOf } from "./chart";
import type { Curve } from "./curves";
import { isShown, sidesOf, type TimelineLooks, UPDATE_SIZE } from "./scene";

interface Chip {
  curve: Curve;
  element: HTMLElement;
  value: HTMLElement;
}

export interface MetricsPanel {
  element: HTMLElement;
  build(curves: Curve[], looks: TimelineLooks): void;
  mark(checkpoint: number): void;
}

function chipOf(curve: Curve, isOn: boolean, isRight: boolean): Chip {
  const swatch = svg("svg", { width: 18, height: 8, class: "nwv-swatch", "aria-hidden": "true" });
  swatch.append(svg("path", { d: "M1,4H17", class: `nwv-curve ${hueOf(curve.hue)} ${curve.dashes}` }));
  const name = html("span", "nwv-metric-name", curve.label);
  const value = html("span", "nwv-metric-value");
  const isFixed = curve.name === UPDATE_SIZE;
  const element = isFixed
    ? html("span", "nwv-metric", swatch, name, value)
    : html(
        "button",
        { type: "button", class: "nwv-metric", "aria-pressed": String(isOn) },
        swatch,
        name,
        value,
      );
  if (!isFixed)
    element.title = `${isOn ? "Hide" : "Show"} ${curve.name}${isRight ? " (right-hand axis)" : ""}`;
  return { curve, element, value };
}

export function createMetrics(choose: (names: string[] | null) => void, signal: AbortSignal): MetricsPanel {
  const element = html("div", "nwv-metrics");
  let chips: Chip[] = [];

  function toggle(curve: Curve, curves: Curve[], looks: TimelineLooks): void {
    const all = new Set(curves.map(({ name }) => name)); // of several runs together
    const names = [...all].filter((name) => isShown(looks, { name }) !== (name === curve.name));
    choose(names.length === all.size ? null : names);
  }

  function build(curves: Curve[], looks: TimelineLooks): void {
    const right = sidesOf(curves.filter((curve) => isShown(looks, curve)))[1];
    const focused = chips.findIndex((chip) => chip.element.matches(":focus"));
    chips = curves.map((curve) => chipOf(curve, isShown(looks, curve), right.includes(curve)));
    for (const chip of chips)
      if (chip.element instanceof HTMLButtonElement)
        hear(chip.element, { click: () => toggle(chip.curve, curves, looks) }, signal);
    element.replaceChildren(...chips.map((chip) => chip.element));
    if (focused >= 0) chips[focused]?.element.focus();
  }

  function mark(checkpoint: number): void {
    for (const { curve, value } of chips) {
      const recorded = curve.values[checkpoint] ?? null;
      value.textContent = recorded === null ? "–" : formatValue(recorded);
      value.title = recorded === null ? "not recorded at this checkpoint" : "";
    }
  }
  return { element, build, mark };
}
