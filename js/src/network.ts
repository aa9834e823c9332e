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
  grid: number[] | null; // [rows, columns] or [channels, rows, columns]
  unit_names: string[] | null;
  delayed_of: string | null;
  beside: string | null;
  ports: string[];
  /** Names of equally long runs of neighbouring units, such as the heads of attention. */
  parts?: string[];
  column: number;
  /** Of a group of bands: the group whose units they hold, which of them in words, and how many are in each. */
  band?: { of: string; range: string; size: number };
}

/** A group of plain units without names or place, but for what is given. */
export const plainGroup = (id: string, layer: string, n_units: number, rest: Partial<Group> = {}): Group => ({
  id,
  layer,
  n_units,
  role: "units",
  label: id,
  grid: null,
  unit_names: null,
  delayed_of: null,
  beside: null,
  ports: [],
  column: 0,
  ...rest,
});

/** `rms` is of bands of units: the root mean square of all weights between two of them. */
export type Reduce = "none" | "sum" | "l2" | "index" | "rms";

export interface Bundle {
  id: string;
  source: string;
  target: string;
  parameter: string;
  shape: number[];
  strides: number[];
  offset: number;
  role: "input" | "recurrent" | "bias" | "projection" | "norm";
  port: string | null;
  reduce: Reduce;
  index: number[] | null;
  rest_name: string | null;
  /** Sources and targets cut into that many blocks; only units of the same block are linked. `shape[1]` is a block's. */
  blocks?: number;
  /** How much further an entry lies for each block before its own. */
  block_stride?: number;
  /**
   * Of bands: the target and the source units, row after row. `strides` are then from unit to unit; those of the rest
   * dimensions that are the units of a row are 0.
   */
  units?: [targets: Int32Array, sources: Int32Array];
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

/** As Python writes it: of the lists' entries, what the types above say. @boundary */
interface NetworkJson {
  layers: object[];
  groups: object[];
  bundles: object[];
  wires: object[];
}

/** What the build has called the properties of the types above; without a build, each has its own name. */
declare const SHORT_NAMES: Record<string, string> | undefined;
const shortNames = typeof SHORT_NAMES === "undefined" ? {} : SHORT_NAMES;

const read = <T>(json: object): T =>
  Object.fromEntries(Object.entries(json).map(([name, value]) => [shortNames[name] ?? name, value])) as T;

export function readNetwork(json: NetworkJson): Network {
  const lists = {
    layers: json.layers.map(read<Layer>),
    groups: json.groups.map(read<Group>),
    bundles: json.bundles.map(read<Bundle>),
    wires: json.wires.map(read<Wire>),
  };
  return { ...read<Network>(json), ...lists };
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

/** Whether a link is a norm of several entries, which has no sign. */
export const isNorm = ({ reduce }: Bundle): boolean => reduce === "l2" || reduce === "rms";

/** One number a link, of the entries behind it. */
export function reduced(bundle: Bundle, entries: Float64Array): number {
  const sum = entries.reduce((total, value) => total + (isNorm(bundle) ? value * value : value), 0);
  return isNorm(bundle) ? Math.sqrt(sum / (bundle.reduce === "rms" ? entries.length : 1)) : sum;
}

/** The number of a target unit's block: 0 unless the bundle has blocks. */
function blockOf(bundle: Bundle, target: number): number {
  const blocks = bundle.blocks ?? 1;
  return blocks === 1 ? 0 : Math.floor((target * blocks) / bundle.shape[0]);
}

/** The first source unit that a target unit is linked to; its links come from this one and the next `shape[1] - 1`. */
export function firstSource(bundle: Bundle, target: number): number {
  return blockOf(bundle, target) * bundle.shape[1];
}

/** The flat parameter entry where the links of a target unit begin. */
function firstEntry(bundle: Bundle, target: number): number {
  const block = blockOf(bundle, target) * (bundle.block_stride ?? 0);
  return bundle.offset + target * bundle.strides[0] + block;
}

/** The flat parameter entry where the link between two units begins. */
export function linkStart(bundle: Bundle, target: number, source: number): number {
  return firstEntry(bundle, target) + (source - firstSource(bundle, target)) * bundle.strides[1];
}

/** The flat parameter entry that is the `m`-th behind the link between two units, or rows of them. */
export function linkEntry(bundle: Bundle, rest: number[], target: number, source: number, m: number): number {
  if (!bundle.units) return linkStart(bundle, target, source) + rest[m];
  const [targets, sources] = bundle.units;
  const [inTarget, inSource] = [targets.length / bundle.shape[0], sources.length / bundle.shape[1]];
  const each = rest.length / inTarget; // entries of a target unit
  const j = targets[target * inTarget + Math.floor(m / each)];
  const i = sources[source * inSource + Math.floor(((m % each) * inSource) / each)];
  return bundle.offset + j * bundle.strides[0] + i * bundle.strides[1] + rest[m];
}

/** Write the links between rows of units. */
function evaluateRows(
  bundle: Bundle,
  [targets, sources]: [Int32Array, Int32Array],
  values: Float32Array,
  base: number,
  out: Float32Array,
): void {
  const [nTarget, nSource] = bundle.shape;
  const [inTarget, inSource] = [targets.length / nTarget, sources.length / nSource];
  const all = restOffsets(bundle);
  const rest = all.slice(-all.length / (inTarget * inSource)); // the same for each pair of units
  const steps = sources.map((unit) => unit * bundle.strides[1]);
  const norm = isNorm(bundle);
  out.fill(0);
  for (let p = 0; p < targets.length; p++)
    for (const offset of rest) {
      const row = base + bundle.offset + targets[p] * bundle.strides[0] + offset;
      let k = Math.floor(p / inTarget) * nSource;
      for (let q = 0; q < steps.length; k++) {
        let sum = 0;
        for (const stop = q + inSource; q < stop; q++) {
          const value = values[row + steps[q]];
          sum += norm ? value * value : value;
        }
        out[k] += sum;
      }
    }
  const n = bundle.reduce === "rms" ? all.length : 1;
  if (norm) for (let k = 0; k < out.length; k++) out[k] = Math.sqrt(out[k] / n);
}

/** Write a bundle's links, row-major `shape[0]` by `shape[1]`, from the parameter that starts at `base` in `values`. */
export function evaluateBundle(bundle: Bundle, values: Float32Array, base: number, out: Float32Array): void {
  if (bundle.units) {
    evaluateRows(bundle, bundle.units, values, base, out);
    return;
  }
  const [nTarget, nSource] = bundle.shape;
  const strideSource = bundle.strides[1];
  const rest = restOffsets(bundle);
  const norm = isNorm(bundle);
  for (let j = 0, k = 0; j < nTarget; j++) {
    const row = base + firstEntry(bundle, j);
    if (rest.length === 1 && strideSource === 1 && !norm) {
      const first = row + rest[0]; // all of them lie side by side
      out.set(values.subarray(first, first + nSource), j * nSource);
      continue;
    }
    for (let i = 0; i < nSource; i++, k++) {
      const first = row + i * strideSource;
      let sum = 0;
      for (let r = 0; r < rest.length; r++) {
        const value = values[first + rest[r]];
        sum += norm ? value * value : value;
      }
      out[k] = norm ? Math.sqrt(sum) : sum;
    }
  }
}

/** The flat parameter entries behind the link between two units; none if they are in different blocks. */
export function linkEntries(bundle: Bundle, target: number, source: number): number[] {
  const i = source - firstSource(bundle, target);
  if (i < 0 || i >= bundle.shape[1]) return [];
  const rest = restOffsets(bundle);
  return rest.map((_, m) => linkEntry(bundle, rest, target, source, m));
}

/** Whether a link stands for several time steps or positions, which the reader may add up or look at one by one. */
export const isFlattened = ({ shape, rest_name }: Bundle): boolean =>
  shape.length === 3 && /step|position|copy/.test(rest_name ?? "");

/** What a reader calls a unit. */
export function unitName(group: Group, unit: number): string {
  if (group.role === "bias") return group.label === "×" ? "×" : "1";
  if (group.unit_names) return group.unit_names[unit] ?? String(unit + 1);
  const parts = group.parts ?? [];
  if (!parts.length) return String(unit + 1);
  const length = group.n_units / parts.length;
  return `${parts[Math.floor(unit / length)]} · ${(unit % length) + 1}`;
}

/** The name under which a parameter's values travel (tied parameters travel once). */
export function storedName(network: Network, parameter: string): string {
  return network.tied[parameter] ?? parameter;
}
