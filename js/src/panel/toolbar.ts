// The switches above the stage: which links, of which quantity, on which scale, in which order; find and zoom.
import { hear, html, iconButton } from "../dom";
import { isFlattened, type Network } from "../network";
import { isLegible } from "../opening";
import type { Options } from "../options";
import { portrayed } from "../portraits";
import { choice, type Refresh, toggles } from "./controls";

export interface ToolbarContext {
  network: Network;
  nCheckpoints(): number;
  checkpoint(): number;
  options(): Options;
  setOptions(change: Partial<Options>): void;
  /** Whether some layer has so many links that they are shaded. */
  isShaded(): boolean;
  /** Whether some layer has room for history strips. */
  canStrip(): boolean;
  zoom(factor: number | "fit"): void;
  /** Have the names that are typed into a field found. */
  find(input: HTMLInputElement): void;
}

const PLUS = "M8 3v10M3 8h10";
const MINUS = "M3 8h10";
const FIT = "M2.5 6v-3.5h3.5M10 2.5h3.5v3.5M13.5 10v3.5h-3.5M6 13.5h-3.5v-3.5";

function thresholdTool(context: ToolbarContext): [HTMLElement, Refresh] {
  const input = html("input", {
    type: "range",
    min: 0,
    max: 1,
    step: 0.01,
    "aria-label": "Hide links weaker than this share of the domain",
  });
  const output = html("output", "nwv-tool-value");
  hear(input, { input: () => context.setOptions({ threshold: Number(input.value) }) });
  const refresh = (): void => {
    const { threshold } = context.options();
    input.value = String(threshold);
    output.textContent = `${Math.round(threshold * 100)} %`;
    input.setAttribute("aria-valuetext", `${output.textContent} of the domain`);
  };
  const title = "Links weaker than this share of their layer’s domain are not drawn";
  return [
    html("label", { class: "nwv-tool", title }, html("span", "nwv-tool-label", "|w| ≥"), input, output),
    refresh,
  ];
}

/** "Show w, or w − w(reference), or the update"; the reference is a checkpoint's number, or the current one by a click. */
export function quantityTool(
  context: Pick<ToolbarContext, "options" | "setOptions" | "nCheckpoints" | "checkpoint">,
): [HTMLElement, Refresh] {
  const [tool, refreshChoice] = choice(
    "show",
    [
      ["weights", "w"],
      ["difference", "w − w(reference)"],
      ["update", "update w(t) − w(t−1)"],
    ],
    () => context.options().quantity,
    (quantity) => context.setOptions({ quantity }),
  );
  const input = html("input", {
    type: "number",
    min: 1,
    class: "nwv-small",
    "aria-label": "Reference checkpoint, from 1",
  });
  const here = html(
    "button",
    { type: "button", class: "nwv-toggle", title: "Use the current checkpoint as the reference" },
    "set to here",
  );
  const setReference = (k: number) =>
    context.setOptions({ reference: Math.max(0, Math.min(context.nCheckpoints() - 1, k)) });
  hear(input, { change: () => setReference(Number(input.value) - 1 || 0) });
  hear(here, { click: () => setReference(context.checkpoint()) });
  const extra = html("span", "nwv-tool", "reference", input, here);
  const element = html("span", "nwv-tool", tool, extra);
  const refresh = (): void => {
    refreshChoice();
    element.hidden = context.options().quantity === "against";
    extra.hidden = context.options().quantity !== "difference";
    input.value = String(context.options().reference + 1);
    input.max = String(context.nCheckpoints());
  };
  return [element, refresh];
}

/** What the bands of very large groups hold; there where some group is folded. */
function bandTool(context: ToolbarContext): [HTMLElement, Refresh] {
  const [element, refreshChoice] = choice(
    "bands",
    [
      ["index", "of neighbours"],
      ["clustering", "of alike units"],
    ],
    () => context.options().fold_by,
    (value) => context.setOptions({ fold_by: value, open_bands: {} }),
  );
  const refresh = (): void => {
    refreshChoice();
    const { fold_above } = context.options();
    element.hidden = context.network.groups.every(({ n_units }) => n_units <= fold_above);
  };
  return [element, refresh];
}

/** How a Flatten's time steps become one line: norm, sum, or one of them. */
function restTool(context: ToolbarContext): [HTMLElement, Refresh] | null {
  const bundle = context.network.bundles.find(isFlattened);
  if (!bundle) return null;
  const name = bundle.rest_name ?? "entry";
  const [tool, refreshChoice] = choice(
    `${name}s`,
    [
      ["l2", "L2 norm"],
      ["sum", "sum"],
      ["index", `one ${name}`],
    ],
    () => context.options().reduce,
    (reduce) => context.setOptions({ reduce }),
  );
  const n = bundle.shape[2];
  const input = html("input", {
    type: "number",
    min: 1,
    max: n,
    class: "nwv-small",
    "aria-label": `${name}, from 1 to ${n}`,
  });
  hear(input, {
    change: () =>
      context.setOptions({ rest_index: Math.max(0, Math.min(n - 1, Number(input.value) - 1 || 0)) }),
  });
  const refresh = (): void => {
    refreshChoice();
    input.hidden = context.options().reduce !== "index";
    input.value = String(Math.min(n, context.options().rest_index + 1));
  };
  return [html("span", "nwv-tool", tool, input), refresh];
}

const ROLE_NAMES = [
  ["input", "input", "Links from the layer before"],
  ["recurrent", "recurrent", "Links from h(t−1), the layer’s own previous time step"],
  ["bias", "bias", "Links from the “1”, and bias ticks"],
  ["projection", "projection", "Links from the memory to the projected output"],
  ["norm", "norm", "What a norm scales and shifts its units by"],
] as const;

function switches(context: ToolbarContext): [HTMLElement, Refresh][] {
  const { network } = context;
  const tools: [HTMLElement, Refresh][] = [];
  const ports = [...new Set(network.bundles.flatMap((b) => (b.port === null ? [] : [b.port])))];
  if (ports.length > 0) {
    const names = ports.map((port) => ({ value: port, text: port, title: `Links into gate ${port}` }));
    const read = () => context.options().gates ?? ports;
    tools.push(
      toggles("gates", names, read, (g) =>
        context.setOptions({ gates: g.length === ports.length ? null : g }),
      ),
    );
  }
  const present = ROLE_NAMES.filter(([role]) => network.bundles.some((b) => b.role === role));
  if (present.length > 1) {
    const names = present.map(([value, text, title]) => ({
      value,
      text: present.some(([r]) => r === "recurrent") || value !== "input" ? text : "weights",
      title,
    }));
    const others = ROLE_NAMES.map(([role]) => role).filter((role) => !present.some(([r]) => r === role));
    tools.push(
      toggles(
        "links",
        names,
        () => context.options().roles,
        (roles) => context.setOptions({ roles: [...roles, ...others] }),
      ),
    );
  }
  const signs = [
    { value: "+" as const, text: "+", title: "Positive weights", className: "nwv-plus" },
    { value: "-" as const, text: "−", title: "Negative weights", className: "nwv-minus" },
  ];
  tools.push(
    toggles(
      "sign",
      signs,
      () => context.options().signs,
      (s) => context.setOptions({ signs: s }),
    ),
  );
  return tools;
}

/** Switches of pictures: portraits where a layer reads an image, strips where there is room for them. */
function pictureTools({ network, options, setOptions, canStrip }: ToolbarContext): [HTMLElement, Refresh][] {
  const onOff = (name: "portraits" | "strips", title: string, isOffered: () => boolean) => {
    const items = [{ value: "on", text: name, title }];
    const read = () => (options()[name] ? ["on"] : []);
    const [element, refreshToggle] = toggles("", items, read, (on) =>
      setOptions(name === "strips" ? { strips: on.length > 0 } : { portraits: on.length > 0 }),
    );
    const refresh = (): void => {
      refreshToggle();
      element.hidden = !isOffered();
    };
    return [element, refresh] as [HTMLElement, Refresh];
  };
  const hasPortraits = portrayed(network).size > 0;
  return [
    onOff("portraits", "Units that read an image as images of their weights", () => hasPortraits),
    onOff("strips", "The history of each link as a strip beside the unit that it leads to", canStrip),
  ];
}

/** What a pixel of the shading shows, where there is a shading. */
function shadingTool({ options, setOptions, isShaded }: ToolbarContext): [HTMLElement, Refresh] {
  const [element, refreshChoice] = choice(
    "shading",
    [
      ["strongest", "strongest link"],
      ["sum", "signed sum"],
    ],
    () => options().composite,
    (composite) => setOptions({ composite }),
  );
  element.title =
    "What a pixel shows that many links pass through: the strongest of them, or their signed sum";
  const refresh = (): void => {
    refreshChoice();
    element.hidden = !isShaded();
  };
  return [element, refresh];
}

/** Ways back from whatever was opened, where blocks can be closed at all. */
function blockTool({ network, options, setOptions }: ToolbarContext): [HTMLElement, Refresh] {
  const isWhole = isLegible(network);
  const button = (text: string, title: string, expanded: string[] | null): HTMLElement => {
    const element = html("button", { type: "button", class: "nwv-toggle", title }, text);
    hear(element, { click: () => setOptions({ expanded }) });
    return element;
  };
  const close = button("close all", "Close all blocks", []);
  const reset = button("as at first", "Open the blocks that were open at first", null);
  const element = html("span", { class: "nwv-tool", role: "group" }, "blocks", close, reset);
  const refresh = (): void => {
    element.hidden = isWhole && options().expanded === null;
    reset.hidden = options().expanded === null;
  };
  return [element, refresh];
}

export function zoomTool(zoom: (factor: number | "fit") => void): HTMLElement {
  const element = html("span", { class: "nwv-tool", role: "group", "aria-label": "zoom" });
  for (const [label, path, factor] of [
    ["Zoom out", MINUS, 0.8],
    ["Fit", FIT, "fit"],
    ["Zoom in", PLUS, 1.25],
  ] as const) {
    const button = iconButton(label, path);
    hear(button, { click: () => zoom(factor) });
    element.append(button);
  }
  return element;
}

export function createToolbar(host: HTMLElement, context: ToolbarContext): { update(): void } {
  const scale = choice(
    "scale",
    [
      ["layer", "per layer"],
      ["global", "all layers"],
      ["checkpoint", "per checkpoint"],
    ],
    () => context.options().scale,
    (value) => context.setOptions({ scale: value }),
  );
  const order = choice(
    "order",
    [
      ["model", "as in the model"],
      ["sum", "by sum of weights"],
      ["correlation", "by correlation"],
      ["crossings", "for fewer crossings"],
    ],
    () => context.options().order,
    (value) => context.setOptions({ order: value }),
  );
  const rest = restTool(context);
  const tools = [
    blockTool(context),
    ...switches(context),
    thresholdTool(context),
    quantityTool(context),
    ...(rest ? [rest] : []),
    ...pictureTools(context),
    shadingTool(context),
    scale,
    order,
    bandTool(context),
  ];
  const field = html("input", {
    type: "search",
    placeholder: "find unit…",
    "aria-label": "Find a layer or a unit",
  });
  field.addEventListener("focus", () => context.find(field), { once: true });
  host.append(...tools.map(([element]) => element), html("span", "nwv-tool", field), zoomTool(context.zoom));
  const update = (): void => {
    for (const [, refresh] of tools) refresh();
  };
  update();
  return { update };
}
