// The switches of the distribution: what is drawn, of what, on which scale.
import { choice, type Refresh, toggles } from "../../panel/controls";
import type { ViewContext } from "../../views/context";
import { partsOf } from "../parts";

export function fillTools({ tools, options, setOptions, network }: ViewContext): Refresh {
  const hasGates = network.bundles.some(({ port }) => port);
  const [kind, refreshKind] = choice(
    "show",
    [
      ["histogram", "histogram"],
      ["multiples", "small multiples"],
      ["ridgeline", "ridgeline"],
      ["density", "density over time"],
      ["surface", "3-D surface"],
      ["moments", "moments over time"],
    ],
    () => options().distribution,
    (distribution) => setOptions({ distribution }),
  );
  const [by, refreshBy] = choice(
    "by",
    [
      ["layer", "layer"],
      ["parameter", "parameter"],
      ...(hasGates ? [["gate", "gate"] as ["gate", string]] : []),
      ["all", "all together"],
    ],
    () => (options().by === "gate" && !hasGates ? "layer" : options().by),
    (value) => setOptions({ by: value }),
  );
  const [of, refreshOf] = choice(
    "of",
    [
      ["", "all"],
      ...partsOf(network, { of: null, by: "layer" }).map(({ name }): [string, string] => [name, name]),
    ],
    () => (options().of?.length === 1 ? options().of![0] : ""),
    (name) => setOptions({ of: name === "" ? null : [name] }),
  );
  const [counts, refreshCounts] = choice(
    "counts",
    [
      ["linear", "linear"],
      ["log", "logarithmic"],
    ],
    () => options().counts,
    (value) => setOptions({ counts: value }),
  );
  const [norm, refreshNorm] = choice(
    "divided by",
    [
      ["none", "nothing"],
      ["layer", "norm of the layer"],
      ["total", "norm of all"],
    ],
    () => options().normalise,
    (normalise) => setOptions({ normalise }),
  );
  const [log, refreshLog] = toggles<"x" | "y">(
    "",
    [{ value: "y", text: "log variance", title: "variance on a logarithmic axis" }],
    () => options().log_axes,
    (shown) => setOptions({ log_axes: [...options().log_axes.filter((axis) => axis !== "y"), ...shown] }),
  );
  tools.append(kind, of, by, counts, norm, log);
  return () => {
    for (const refresh of [refreshKind, refreshBy, refreshOf, refreshCounts, refreshNorm, refreshLog])
      refresh();
    const isOfMoments = options().distribution === "moments";
    counts.hidden = isOfMoments;
    log.hidden = !isOfMoments;
  };
}
