// Small networks for tests, as Python would describe them.
import { type Bundle, type Network, plainGroup } from "../../src/network";

const bundle = (
  id: string,
  source: string,
  target: string,
  shape: number[],
  rest: Partial<Bundle> = {},
): Bundle => ({
  id,
  source,
  target,
  parameter: id,
  shape,
  strides: [shape[1], 1],
  offset: 0,
  role: "input",
  port: null,
  reduce: "none",
  index: null,
  rest_name: null,
  ...rest,
});

const empty = { wires: [], tied: {}, notes: [], flow: "order" };

export function lstmNetwork(nInputs: number, nUnits: number): Network {
  const ports = ["i", "f", "g", "o"];
  const bundles = ports.flatMap((port, g) => [
    bundle(`lstm.weight_ih_l0[${port}]`, "input", "lstm", [nUnits, nInputs], {
      parameter: "lstm.weight_ih_l0",
      offset: g * nUnits * nInputs,
      port,
    }),
    bundle(`lstm.weight_hh_l0[${port}]`, "lstm.h(t-1)", "lstm", [nUnits, nUnits], {
      parameter: "lstm.weight_hh_l0",
      offset: g * nUnits * nUnits,
      port,
      role: "recurrent",
    }),
    bundle(`lstm.bias_ih_l0[${port}]`, "lstm.bias_ih_l0", "lstm", [nUnits, 1], {
      parameter: "lstm.bias_ih_l0",
      offset: g * nUnits,
      port,
      role: "bias",
    }),
  ]);
  const groups = [
    plainGroup("input", "input", nInputs, { role: "input" }),
    plainGroup("lstm", "lstm", nUnits, { ports, column: 1 }),
    plainGroup("lstm.h(t-1)", "lstm", nUnits, { delayed_of: "lstm", column: 1 }),
    plainGroup("lstm.bias_ih_l0", "lstm", 1, { role: "bias", beside: "input" }),
  ];
  const parameters = {
    "lstm.weight_ih_l0": [4 * nUnits, nInputs],
    "lstm.weight_hh_l0": [4 * nUnits, nUnits],
    "lstm.bias_ih_l0": [4 * nUnits],
  };
  const layers = [
    { name: "input", kind: "Input", activation: null, modifiers: [], note: null },
    { name: "lstm", kind: "LSTM", activation: null, modifiers: [], note: null },
  ];
  return { name: "LSTM net", layers, groups, bundles, parameters, ...empty };
}

/** A convolution of `n` channels in blocks, with a kernel of three entries. */
export function groupedNetwork(n: number, blocks: number): Network {
  const shape = [n, n / blocks, 3];
  const strides = [3 * shape[1], 3, 1];
  const kernel = { strides, blocks, reduce: "l2", rest_name: "kernel" } as const;
  return {
    ...empty,
    name: "grouped",
    layers: [],
    groups: [
      plainGroup("input", "input", n, { role: "input" }),
      plainGroup("conv", "conv", n, { column: 1 }),
    ],
    bundles: [bundle("conv.weight", "input", "conv", shape, kernel)],
    parameters: { "conv.weight": shape },
  };
}

/** Dense layers one after another; the first name is the input. Sizes by layer, or one for all. */
export function chain(names: string[], sizes: number | number[]): Network {
  const size = (k: number) => (typeof sizes === "number" ? sizes : sizes[k]);
  const groups = names.map((name, k) =>
    plainGroup(name, name, size(k), { column: k, role: name === "input" ? "input" : "units" }),
  );
  const bundles = names
    .slice(1)
    .flatMap((name, k) => [
      bundle(`${name}.weight`, names[k], name, [size(k + 1), size(k)]),
      bundle(`${name}.bias`, `${name}.bias`, name, [size(k + 1), 1], { role: "bias" }),
    ]);
  const biases = names
    .slice(1)
    .map((name, k) => plainGroup(`${name}.bias`, name, 1, { role: "bias", beside: names[k], column: k }));
  const parameters = Object.fromEntries(
    bundles.map(({ id, shape, role }) => [id, role === "bias" ? [shape[0]] : shape]),
  );
  const layers = names.map((name) => ({
    name,
    kind: name === "input" ? "Input" : "Linear",
    activation: null,
    modifiers: [],
    note: null,
  }));
  const about = { wires: [], tied: {}, notes: [], flow: "order" };
  return { name: "chain", layers, groups: [...groups, ...biases], bundles, parameters, ...about };
}
