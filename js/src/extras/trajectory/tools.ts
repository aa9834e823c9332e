// The switches of the trajectories, above the stage.
import { hear, html } from "../../dom";
import type { Options } from "../../options";
import { choice, type Refresh, toggles } from "../../panel/controls";
import type { ViewContext } from "../../views/context";

type Numeric = "n_sampled" | "seed" | "below";

/** A number, written; what is none, or beyond its limits, is not taken. */
function field(context: ViewContext, label: string, name: Numeric, limits: [number, number | null, string]) {
  const [min, max, step] = limits;
  const input = html("input", { type: "number", min, max, step, class: "nwv-small", "aria-label": label });
  hear(input, {
    change: () => {
      const value = Number(input.value);
      const isGood = input.value !== "" && value >= min && (max === null || value <= max);
      if (isGood && (step === "any" || Number.isInteger(value))) context.setOptions({ [name]: value });
      else input.value = String(context.options()[name]);
    },
  });
  const refresh = () => {
    input.value = String(context.options()[name]);
  };
  return [html("label", "nwv-tool", html("span", "nwv-tool-label", label), input), refresh] as const;
}

export function fillTools(context: ViewContext, resetZoom: () => void): { refresh(isZoomed: boolean): void } {
  const { options, setOptions, network } = context;
  const of = <Name extends keyof Options>(
    label: string,
    name: Name,
    names: [Options[Name] & string, string][],
  ) =>
    choice(
      label,
      names,
      () => options()[name] as Options[Name] & string,
      (value) => setOptions({ [name]: value }),
    );
  const hasGates = network.bundles.some(({ port, role }) => port && ["input", "recurrent"].includes(role));
  const tools = {
    measure: of("draw", "trajectory", [
      ["weights", "single weights"],
      ["update_norm", "update norm"],
      ["norm", "norm"],
      ["update_ratio", "update ratio"],
      ["sparsity", "sparsity"],
    ]),
    sample: of("which", "sample", [
      ["strongest", "strongest"],
      ["random", "random"],
      ["selected", "selected"],
    ]),
    number: field(context, "at most", "n_sampled", [1, 2000, "1"]),
    seed: field(context, "seed", "seed", [0, null, "1"]),
    below: field(context, "|w| ≤", "below", [0, null, "any"]),
    by: of("by", "by", [
      ["layer", "layer"],
      ["parameter", "parameter"],
      ...(hasGates ? [["gate", "gate"] satisfies [string, string]] : []),
      ["all", "all together"],
    ] as [Options["by"], string][]),
    normalise: of("divide by", "normalise", [
      ["none", "nothing"],
      ["layer", "norm of the layer"],
      ["total", "total norm"],
    ]),
    log: toggles(
      "log",
      [
        { value: "x" as const, text: "x", title: "Logarithmic time axis" },
        { value: "y" as const, text: "y", title: "Logarithmic value axis" },
      ],
      () => options().log_axes,
      (log_axes) => setOptions({ log_axes }),
    ),
  };
  const reset = html("button", { type: "button", class: "nwv-toggle" }, "show all");
  hear(reset, { click: resetZoom });
  context.tools.append(...Object.values(tools).map(([element]) => element), reset);
  const refreshes: Refresh[] = Object.values(tools).map(([, refresh]) => refresh);
  return {
    refresh(isZoomed) {
      const { trajectory, sample } = options();
      const isSingle = trajectory === "weights";
      tools.sample[0].hidden = tools.number[0].hidden = !isSingle;
      tools.seed[0].hidden = !isSingle || sample !== "random";
      tools.below[0].hidden = trajectory !== "sparsity";
      reset.hidden = !isZoomed;
      for (const refresh of refreshes) refresh();
    },
  };
}
