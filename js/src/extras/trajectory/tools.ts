// The switches of the trajectories, above the stage.
import { hear, html } from "../../dom";
import type { Options } from "../../options";
import { choice, type Refresh, toggles } from "../../panel/controls";
import type { ViewContext } from "../../views/context";

/** A number, written; what is none, or not within its limits, is not taken. */
function field(
  label: string,
  [min, max, step]: [number, number, string],
  read: () => number,
  write: (value: number) => void,
): [HTMLElement, Refresh] {
  const input = html("input", { type: "number", min, max, step, class: "nwv-small", "aria-label": label });
  const refresh = () => {
    input.value = String(read());
  };
  hear(input, {
    change: () => {
      if (input.value !== "" && input.checkValidity()) write(Number(input.value));
      else refresh();
    },
  });
  return [html("label", "nwv-tool", html("span", "nwv-tool-label", label), input), refresh];
}

export function fillTools(context: ViewContext, resetZoom: () => void): { refresh(isZoomed: boolean): void } {
  const { options, setOptions, network } = context;
  const hasGates = network.bundles.some(({ port, role }) => port && ["input", "recurrent"].includes(role));
  const tools = {
    measure: choice<Options["trajectory"]>(
      "draw",
      [
        ["weights", "single weights"],
        ["update_norm", "update norm"],
        ["norm", "norm"],
        ["update_ratio", "update ratio"],
        ["sparsity", "sparsity"],
      ],
      () => options().trajectory,
      (trajectory) => setOptions({ trajectory }),
    ),
    sample: choice<Options["sample"]>(
      "which",
      [
        ["strongest", "strongest"],
        ["random", "random"],
        ["selected", "selected"],
      ],
      () => options().sample,
      (sample) => setOptions({ sample }),
    ),
    number: field(
      "at most",
      [1, 2000, "1"],
      () => options().n_sampled,
      (n_sampled) => setOptions({ n_sampled }),
    ),
    seed: field(
      "seed",
      [0, Number.MAX_SAFE_INTEGER, "1"],
      () => options().seed,
      (seed) => setOptions({ seed }),
    ),
    below: field(
      "|w| ≤",
      [0, Number.MAX_VALUE, "any"],
      () => options().below,
      (below) => setOptions({ below }),
    ),
    by: choice<Options["by"]>(
      "by",
      [
        ["layer", "layer"],
        ["parameter", "parameter"],
        ...(hasGates ? [["gate", "gate"] satisfies [Options["by"], string]] : []),
        ["all", "all together"],
      ],
      () => options().by,
      (by) => setOptions({ by }),
    ),
    normalise: choice<Options["normalise"]>(
      "divide by",
      [
        ["none", "nothing"],
        ["layer", "norm of the layer"],
        ["total", "total norm"],
      ],
      () => options().normalise,
      (normalise) => setOptions({ normalise }),
    ),
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
