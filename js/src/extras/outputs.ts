// What a probe found, decoded: outputs of units, targets, predictions; and the ranges that pictures of them share. No DOM.
import { asBytes, type Block, type BlockEntry, readBlock, valuesAt } from "../blocks";
import type { GivenOutputs, GroupIndex, OutputsIndex } from "../outputs";
import { formatValue } from "../scale";

export type Range = [low: number, high: number];

/** How a unit is drawn: a heat map of positions and items, dots over targets, or a prediction over targets. */
export type Kind = "heat" | "scatter" | "prediction";

const NONE: Range = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
export const MOST_SATURATED = 0.5; // of the outputs of a unit; with more it counts as saturated

const wider = ([low, high]: Range, value: number): Range =>
  Number.isFinite(value) ? [Math.min(low, value), Math.max(high, value)] : [low, high];

/** A range that can be drawn: not empty, and not a single number. */
const opened = ([low, high]: Range): Range => {
  if (!(high >= low)) return [0, 1];
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
};

export class Outputs {
  readonly index: OutputsIndex;
  /** What the units that predict are called; empty where one unit predicts, or none does. */
  classNames: string[] = [];
  readonly nItems: number;
  readonly nTrain: number;
  readonly #blocks: Map<string, Block>; // by quantity and name
  readonly #rowAt: Map<number, number>; // of blocks, by checkpoint
  readonly #ranges = new Map<string, Range[]>(); // by group, then unit
  readonly #decoded = new Map<string, { row: number; values: Float32Array }>();
  readonly #targets: Float32Array | null;
  readonly #nTargets: number;

  private constructor(index: OutputsIndex, blocks: Block[]) {
    this.index = index;
    this.nTrain = index.items.train?.length ?? 0;
    this.nItems = Object.values(index.items).reduce((n, items) => n + items.length, 0);
    this.#blocks = new Map(blocks.map((block) => [`${block.entry.quantity} ${block.entry.name}`, block]));
    this.#rowAt = new Map(index.checkpoints.flatMap((k, row) => (k === null ? [] : [[k, row] as const])));
    const targets = this.#blocks.get("targets *");
    this.#targets = targets ? valuesAt(targets, 0) : null;
    this.#nTargets = targets?.entry.dims[0] === this.nItems ? (targets.entry.dims[1] ?? 1) : 1;
  }

  static async open({ index, parts }: GivenOutputs): Promise<Outputs> {
    const cut = ({ part, offset, n_bytes }: BlockEntry) =>
      asBytes(parts[part!]).subarray(offset, offset + n_bytes);
    return new Outputs(index, await Promise.all(index.blocks.map((entry) => readBlock(entry, cut(entry)))));
  }

  /** The row of blocks that belongs to a checkpoint; -1 where the probe was not run. */
  rowOf = (checkpoint: number): number => this.#rowAt.get(checkpoint) ?? -1;

  has = (group: string): boolean => group in this.index.groups;

  group = (group: string): GroupIndex => this.index.groups[group];

  isTest = (item: number): boolean => item >= this.nTrain;

  get isOfClasses(): boolean {
    return this.index.task !== null && this.index.task !== "regression";
  }

  kindOf(group: string): Kind {
    if (group === this.index.prediction) return "prediction";
    return this.group(group).positions.length > 1 ? "heat" : "scatter";
  }

  /** The values of a group at a row of blocks, (n_rows, n_positions, n_units); of a prediction (n_items, n_units). */
  values(group: string, row: number): Float32Array {
    const known = this.#decoded.get(group);
    if (known?.row === row) return known.values;
    const quantity = group === this.index.prediction ? "prediction" : "outputs";
    const values = valuesAt(this.#blocks.get(`${quantity} ${group}`)!, row);
    this.#decoded.set(group, { row, values });
    return values;
  }

  nUnits(group: string): number {
    return this.#blocks.get(`outputs ${group}`)!.entry.dims[2];
  }

  /** The item that a row of a heat map, or a dot, is of. */
  itemAt = (group: string, row: number): number => this.group(group).rows?.[row] ?? row;

  /** Whether a group came in as many digits as it has to be told by. */
  isExact(group: string): boolean {
    const quantity = group === this.index.prediction ? "prediction" : "outputs";
    return this.#blocks.get(`${quantity} ${group}`)!.entry.dtype === "float32";
  }

  get hasTargets(): boolean {
    return this.#targets !== null;
  }

  /** What an item's outputs are drawn over: its target (one of several for a prediction, else their mean), or its number. */
  target(item: number, unit = -1): number {
    if (!this.#targets) return item + 1;
    const n = this.#nTargets;
    if (unit >= 0 && unit < n) return this.#targets[item * n + unit];
    let sum = 0;
    for (let i = 0; i < n; i++) sum += this.#targets[item * n + i];
    return sum / n;
  }

  /** All items in the order of their targets. */
  byTarget(): number[] {
    const items = Array.from({ length: this.nItems }, (_, item) => item);
    return items.sort((a, b) => this.target(a) - this.target(b));
  }

  /** A target as it is told: a number, or a class by the name of its unit. */
  targetName = (target: number): string =>
    (this.isOfClasses && this.classNames[target]) || formatValue(target);

  /** What targets are, in words. */
  targetWords(isPrediction = false): string {
    if (!this.#targets) return "item";
    if (this.isOfClasses) return "true class";
    return this.#nTargets > 1 && !isPrediction ? `mean of ${this.#nTargets} targets` : "target";
  }

  /** All targets; of a prediction by one unit, its own. Classes have room for dots beside each other. */
  targetRange(unit = -1): Range {
    let range = NONE;
    for (let item = 0; item < this.nItems; item++) range = wider(range, this.target(item, unit));
    const [low, high] = opened(range);
    return this.isOfClasses && this.hasTargets ? [low - 0.5, high + 0.5] : [low, high];
  }

  /** The outputs of one unit, or of all units of its group, over all checkpoints, and 0; probabilities have 0 to 1. */
  range(group: string, unit: number | null): Range {
    const isPrediction = group === this.index.prediction;
    if (isPrediction && this.isOfClasses) return [0, 1];
    const ranges = this.#ranges.get(group) ?? this.#rangesOf(group);
    this.#ranges.set(group, ranges);
    const some = unit === null ? ranges : [ranges[unit]];
    let range: Range = unit === null && !isPrediction ? [0, 0] : NONE;
    for (const [low, high] of some) range = wider(wider(range, low), high);
    if (isPrediction) for (const end of this.targetRange(unit ?? -1)) range = wider(range, end);
    return opened(range);
  }

  #rangesOf(group: string): Range[] {
    const n = this.nUnits(group);
    const lows = new Float32Array(n).fill(NONE[0]);
    const highs = new Float32Array(n).fill(NONE[1]);
    for (let row = 0; row < this.index.checkpoints.length; row++) {
      const values = this.values(group, row);
      for (let i = 0, unit = 0; i < values.length; i++, unit = unit + 1 === n ? 0 : unit + 1) {
        const value = values[i];
        if (!Number.isFinite(value)) continue;
        if (value < lows[unit]) lows[unit] = value;
        if (value > highs[unit]) highs[unit] = value;
      }
    }
    return Array.from({ length: n }, (_, unit) => [lows[unit], highs[unit]]);
  }

  /** What a row of a block says of each unit. */
  #ofUnits(quantity: string, group: string, row: number): Float32Array | null {
    const key = `${quantity} ${group}`;
    const known = this.#decoded.get(key);
    if (known?.row === row) return known.values;
    const block = this.#blocks.get(key);
    if (!block || row < 0) return null;
    const values = valuesAt(block, row);
    this.#decoded.set(key, { row, values });
    return values;
  }

  /** Units that put out 0 for every item, of all that the probe has. */
  isDead(group: string, unit: number, row: number): boolean {
    return this.#ofUnits("peaks", group, row)?.[unit] === 0;
  }

  /** The share of a unit's outputs that are saturated, over all items; NaN where its activation does not saturate. */
  saturated(group: string, unit: number, row: number): number {
    return this.#ofUnits("saturated", group, row)?.[unit] ?? Number.NaN;
  }

  /** "training item 17", of all items of its split. */
  itemWords(item: number): string {
    const { train = [], test = [] } = this.index.items;
    return this.isTest(item)
      ? `test item ${test[item - this.nTrain] + 1}`
      : `training item ${train[item] + 1}`;
  }

  /** A score over all items of each split, at a row of blocks. */
  score(name: string, row: number): [split: string, value: number][] {
    return Object.entries(this.index.scores[name] ?? {}).map(([split, values]) => [
      split,
      Number(values[row]),
    ]);
  }
}
