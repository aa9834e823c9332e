// The switches of the matrix: which one, as what, between which thresholds; and its zoom.
import { hear, html } from "../../dom";
import type { Options } from "../../options";
import { choice, type Refresh } from "../../panel/controls";
import { quantityTool, zoomTool } from "../../panel/toolbar";
import type { ViewContext } from "../../views/context";
import type { Thresholds } from "./codes";
import { names } from "./sheet";

const SELECTED = ""; // follows the selection

/** Two numbers, low and high, and a way back to what they are by themselves. */
function thresholdTool(context: ViewContext, read: () => Thresholds): [HTMLElement, Refresh] {
  const field = (label: string) => html("input", { type: "number", class: "nwv-small", "aria-label": label });
  const fields = [
    field("Lower threshold: weights below it read 1"),
    field("Upper threshold: weights from it up read 0"),
  ];
  const half = html(
    "button",
    { type: "button", class: "nwv-toggle", title: "Both at half the domain" },
    "half the domain",
  );
  const write = (changed: number) => {
    const typed = fields.map(({ valueAsNumber }) => valueAsNumber);
    if (!typed.every(Number.isFinite)) return refresh();
    if (typed[0] > typed[1]) typed[1 - changed] = typed[changed];
    context.setOptions({ thresholds: typed as [number, number] });
  };
  fields.forEach((input, i) => {
    hear(input, { change: () => write(i) });
  });
  hear(half, { click: () => context.setOptions({ thresholds: null }) });
  const [along, refreshAlong] = choice(
    "codes of",
    [
      ["rows", "rows"],
      ["columns", "columns"],
    ],
    () => context.options().codes,
    (codes) => context.setOptions({ codes }),
  );
  const numbers = html("span", "nwv-tool", "1 below", fields[0], "0 from", fields[1], half);
  const element = html("span", "nwv-tools", numbers, along);
  const refresh = (): void => {
    const { matrix, thresholds } = context.options();
    numbers.hidden = along.hidden = matrix !== "thresholds";
    half.hidden = thresholds === null;
    if (numbers.hidden) return;
    const shown = read();
    fields.forEach((input, i) => {
      input.value = String(shown[i]);
      const size = Math.max(1e-6, Math.abs(shown[1] - shown[0]));
      input.step = String(10 ** (Math.floor(Math.log10(size)) - 1));
    });
    refreshAlong();
  };
  return [element, refresh];
}

export function createTools(
  context: ViewContext,
  about: { thresholds(): Thresholds; zoom(factor: number | "fit"): void; shown(): string | undefined },
): Refresh {
  const { options, setOptions, history, clock } = context;
  const which = choice(
    "matrix",
    [[SELECTED, "as selected"], ...names(context.network).map((name): [string, string] => [name, name])],
    () => options().of?.[0] ?? SELECTED,
    (name) => setOptions({ of: name === SELECTED ? null : [name] }),
  );
  const first = which[0].querySelector("option")!;
  const how = choice<Options["matrix"]>(
    "as",
    [
      ["values", "values"],
      ["thresholds", "digits"],
      ["portraits", "images of rows"],
    ],
    () => options().matrix,
    (matrix) => setOptions({ matrix }),
  );
  const scale = choice<Options["scale"]>(
    "scale",
    [
      ["layer", "per layer"],
      ["global", "all layers"],
      ["checkpoint", "per checkpoint"],
    ],
    () => options().scale,
    (value) => setOptions({ scale: value }),
  );
  const quantity = quantityTool({
    options,
    setOptions,
    nCheckpoints: () => history.nCheckpoints,
    checkpoint: () => clock.checkpoint,
  });
  const tools = [which, how, thresholdTool(context, about.thresholds), quantity, scale];
  context.tools.append(...tools.map(([element]) => element), zoomTool(about.zoom));
  return () => {
    first.textContent = options().of ? "as selected" : `as selected: ${about.shown() ?? "none"}`;
    for (const [, refresh] of tools) refresh();
  };
}
