// What the views beside the graph look at: weights put together by layer, parameter or gate, or all of them. Pure.
// The twin of the names that Python's measures give to the same (see measures/pieces.py).
import { sizeOf } from "../hierarchy";
import type { History } from "../history";
import { type Bundle, evaluateBundle, type Network, storedName } from "../network";
import type { Options } from "../options";

export interface Part {
  /** As in Python: "fc1", "fc1.weight", "lstm.i" or "all". */
  name: string;
  layer: string;
  /** Under whose names its values travel. */
  parameters: string[];
  size: number;
  /** Where it is links of parameters and not whole parameters. */
  bundles: Bundle[] | null;
  /** Its weights at a checkpoint, in pieces; null where one of them was not recorded or is not here. For reading only. */
  values(history: History, k: number): Float32Array[] | null;
}

export const layerOf = (parameter: string): string =>
  parameter.slice(0, Math.max(0, parameter.lastIndexOf(".")));

function ofParameters(network: Network, name: string, parameters: string[]): Part {
  return {
    name,
    layer: layerOf(parameters[0]),
    parameters,
    size: parameters.reduce((n, parameter) => n + sizeOf(network.parameters[parameter]), 0),
    bundles: null,
    values(history, k) {
      const pieces = parameters.map((parameter) => history.parameter(parameter, k));
      return pieces.every((piece) => piece !== null) ? pieces : null;
    },
  };
}

function ofBundles(name: string, layer: string, bundles: Bundle[]): Part {
  const sizes = bundles.map(({ shape }) => shape[0] * shape[1]);
  return {
    name,
    layer,
    parameters: [...new Set(bundles.map(({ parameter }) => parameter))],
    size: sizes.reduce((a, b) => a + b, 0),
    bundles,
    values(history, k) {
      const pieces = bundles.map((bundle, i) => {
        const values = history.parameter(bundle.parameter, k);
        const out = new Float32Array(sizes[i]);
        if (values) evaluateBundle(bundle, values, 0, out);
        return values && out;
      });
      return pieces.every((piece) => piece !== null) ? pieces : null;
    },
  };
}

/** The gates of recurrent layers: their kernels, without biases. */
function gates(network: Network): Part[] {
  const grouped = new Map<string, Bundle[]>();
  const layerOfGroup = new Map(network.groups.map(({ id, layer }) => [id, layer]));
  for (const bundle of network.bundles) {
    if (!bundle.port || !["input", "recurrent"].includes(bundle.role)) continue;
    const name = `${layerOfGroup.get(bundle.target)}.${bundle.port}`;
    grouped.set(name, [...(grouped.get(name) ?? []), bundle]);
  }
  return [...grouped].map(([name, bundles]) => ofBundles(name, layerOf(name), bundles));
}

/** What options ask for, in the order of the network; gates only where there are some. */
export function partsOf(network: Network, { of, by }: Pick<Options, "of" | "by">): Part[] {
  const all = gates(network);
  const named = all.filter(({ name }) => of?.includes(name));
  if (by === "gate" && all.length > 0)
    return named.length > 0 ? named : all.filter(({ layer }) => !of || of.includes(layer));
  const parameters = Object.keys(network.parameters).filter(
    (name) => storedName(network, name) === name && (!of || of.includes(name) || of.includes(layerOf(name))),
  );
  const grouped = new Map<string, string[]>();
  for (const name of parameters) {
    const key = by === "parameter" ? name : by === "all" ? "all" : layerOf(name);
    grouped.set(key, [...(grouped.get(key) ?? []), name]);
  }
  return [...[...grouped].map(([name, list]) => ofParameters(network, name, list)), ...named];
}
