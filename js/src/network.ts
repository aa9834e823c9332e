// The drawable structure, as Python's network.py writes it, and the views that bundles are on parameters.
// Knows groups, bundles and wires; never a layer kind.

export interface Layer {
  name: string;
  kind: string;
  activation: string | null;
  modifiers: string[];
  note: string | null;
}

export interface Group {
  id: string;
  layer: string;
  n_units: number;
  role: "input" | "units" | "memory" | "bias" | "box";
  label: string;
  grid: [number, number] | null;
  unit_names: string[] | null;
  delayed_of: string | null;
  beside: string | null;
  ports: string[];
  column: number;
}

export type Reduce = "none" | "sum" | "l2" | "index";

export interface Bundle {
  id: string;
  source: string;
  target: string;
  parameter: string;
  shape: number[];
  strides: number[];
  offset: number;
  role: "input" | "recurrent" | "bias" | "projection";
  port: string | null;
  reduce: Reduce;
  index: number[] | null;
  rest_name: string | null;
}

export interface Wire {
  source: string;
  target: string;
  kind: string;
}

export interface Network {
  name: string;
  layers: Layer[];
  groups: Group[];
  bundles: Bundle[];
  wires: Wire[];
  parameters: Record<string, number[]>;
  tied: Record<string, string>;
  notes: string[];
  flow: string;
}

/** Flat offsets, relative to a link's first entry, of the parameter entries behind it. */
export function restOffsets(bundle: Bundle): number[] {
  if (bundle.reduce === "index")
    return [bundle.index!.reduce((sum, i, k) => sum + i * bundle.strides[k + 2], 0)];
  let offsets = [0];
  for (let k = 2; k < bundle.shape.length; k++) {
    const next: number[] = [];
    for (const offset of offsets)
      for (let i = 0; i < bundle.shape[k]; i++) next.push(offset + i * bundle.strides[k]);
    offsets = next;
  }
  return offsets;
}

/** Write a bundle's links, row-major (n_target, n_source), from the parameter that starts at `base` in `values`. */
export function evaluateBundle(bundle: Bundle, values: Float32Array, base: number, out: Float32Array): void {
  const [nTarget, nSource] = bundle.shape;
  const [strideTarget, strideSource] = bundle.strides;
  const rest = restOffsets(bundle);
  const l2 = bundle.reduce === "l2";
  for (let j = 0, k = 0; j < nTarget; j++) {
    for (let i = 0; i < nSource; i++, k++) {
      const first = base + bundle.offset + j * strideTarget + i * strideSource;
      let sum = 0;
      for (let r = 0; r < rest.length; r++) {
        const value = values[first + rest[r]];
        sum += l2 ? value * value : value;
      }
      out[k] = l2 ? Math.sqrt(sum) : sum;
    }
  }
}

/** The flat parameter entries behind one link. */
export function linkEntries(bundle: Bundle, target: number, source: number): number[] {
  const first = bundle.offset + target * bundle.strides[0] + source * bundle.strides[1];
  return restOffsets(bundle).map((offset) => first + offset);
}

/** What a reader calls a unit. */
export function unitName(group: Group, unit: number): string {
  if (group.role === "bias") return "1";
  return group.unit_names?.[unit] ?? String(unit + 1);
}

/** The name under which a parameter's values travel (tied parameters travel once). */
export function storedName(network: Network, parameter: string): string {
  return network.tied[parameter] ?? parameter;
}
