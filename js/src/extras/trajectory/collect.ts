// What options, data and selection come to: the lines, and what is to be said of them. No drawing.
import type { Selection } from "../../describe";
import type { History } from "../../history";
import type { Network } from "../../network";
import type { Options } from "../../options";
import { type Part, partsOf } from "../parts";
import type { Line } from "./lines";
import { areHere, isSummed, type Measure, Numbers } from "./numbers";
import { type Entry, linkOf, type Pool, poolOf, poolOfEntries, selectedEntries } from "./sample";
import { Weights } from "./weights";

const SLICE_MS = 200; // of counting, until the page is shown again
const MOST_ASKED = 100e6; // values that are fetched from the kernel of their own accord
const MOST_RANKED = 30e6; // weights whose peaks are kept
const MOST_MARKED = 16; // entries of a selected link that have lines although they are not in the sample

export interface Collected {
  all: Part[]; // what may be shown, in the order of colours
  shown: Set<number>;
  lines: Line[];
  nWeights: number; // that lines are chosen from
  nChosen: number;
  nHere: number; // checkpoints of all runs whose numbers are known
  nRanked: number; // of which the strongest are; -1 where none are ranked
  nAll: number;
  isBusy: boolean; // counting goes on
  isAsked: boolean; // whether what is missing is fetched
  isRounded: boolean;
  nOdd: number; // checkpoints of all runs with NaN or infinities
  /** Entries of the selection, which are marked. */
  marked: Entry[];
  /** The parts that a selected link is of; none where a unit is selected. */
  markedParts: Set<number>;
}

interface Given {
  network: Network;
  runs: History[]; // that are drawn
  options: Options;
  selection: Selection | null;
}

export class Collector {
  readonly #numbers = new Map<History, Numbers>();
  readonly #weights: Weights;
  readonly #pools = new Map<string, Pool>();

  /** `changed` is called when exact values have come. */
  constructor(changed: () => void) {
    this.#weights = new Weights(changed);
  }

  #numbersOf(run: History, deadline: number): Numbers {
    const numbers = this.#numbers.get(run) ?? new Numbers(run);
    this.#numbers.set(run, numbers);
    numbers.deadline = deadline;
    numbers.begin();
    return numbers;
  }

  collect(given: Given): Collected {
    const { network, runs, options, selection } = given;
    const parts = partsOf(network, options);
    const all = partsOf(network, { of: null, by: options.by });
    for (const part of parts) if (!all.some(({ name }) => name === part.name)) all.push(part);
    const numberOf = ({ name }: Part) => all.findIndex((part) => part.name === name);
    const deadline = performance.now() + SLICE_MS;
    const names = [...new Set(parts.flatMap(({ parameters }) => parameters))];
    const found: Collected = {
      all,
      shown: new Set(parts.map(numberOf)),
      lines: [],
      nWeights: 0,
      nChosen: 0,
      nHere: 0,
      nRanked: -1,
      nAll: runs.reduce((n, { nCheckpoints }) => n + nCheckpoints, 0),
      isBusy: false,
      isAsked: false,
      isRounded: false,
      nOdd: runs.reduce((n, run) => n + this.#numbersOf(run, deadline).nOdd(names), 0),
      marked: selectedEntries(network, selection),
      markedParts: new Set(),
    };
    const partOf = partFinder(all);
    if (selection && !("group" in selection))
      found.markedParts = new Set(found.marked.slice(0, MOST_MARKED).map(partOf));
    if (options.trajectory === "weights") this.#single(found, given, parts, { numberOf, partOf }, deadline);
    else this.#together(found, given, parts, numberOf);
    found.isBusy = performance.now() > deadline;
    return found;
  }

  /** One line a part and run. */
  #together(
    found: Collected,
    { runs, options }: Given,
    parts: Part[],
    numberOf: (part: Part) => number,
  ): void {
    const measure = options.trajectory as Measure;
    const isRead = (part: Part) => !isSummed(part, measure, options) || measure === "sparsity";
    const read = parts.filter(isRead);
    const names = [...new Set(read.flatMap(({ parameters }) => parameters))];
    const size = read.reduce((n, part) => n + part.size, 0);
    for (const [r, run] of runs.entries()) {
      run.want(names);
      const numbers = this.#numbers.get(run)!;
      const all = parts.map((part) => numbers.read(part, measure, options));
      for (const [i, { values }] of all.entries())
        found.lines.push({ part: numberOf(parts[i]), run: r, values, weight: null });
      found.nHere += run.nCheckpoints - Math.max(0, ...all.map(({ nUnknown }) => nUnknown));
      found.isRounded ||= read.length > 0 && run.precision !== "float32";
      // An update is of two checkpoints.
      const isNeeded = (k: number) => all.some(({ known }) => known[k] === 0 || known[k + 1] === 0);
      const missing = firstOf(run.nCheckpoints, (k) => isNeeded(k) && !areHere(run, names, k));
      this.#ask(found, run, size, missing);
    }
  }

  /** A line for each of some weights and run. */
  #single(
    found: Collected,
    { network, runs, options, selection }: Given,
    parts: Part[],
    { numberOf, partOf }: { numberOf: (part: Part) => number; partOf: (entry: Entry) => number },
    deadline: number,
  ): void {
    this.#weights.deadline = deadline;
    const isSelected = options.sample === "selected";
    const ofParts = `${options.by}|${parts.map(({ name, parameters }) => [name, ...parameters]).join("|")}`;
    const key = isSelected ? JSON.stringify([selection, options.by]) : ofParts;
    let pool = this.#pools.get(key);
    if (!pool) {
      pool = isSelected
        ? poolOfEntries(found.marked, (entry) => Math.max(0, partOf(entry)))
        : poolOf(network, parts, numberOf);
      this.#pools.clear();
      this.#pools.set(key, pool);
    }
    const isRanked = options.sample !== "random" && pool.size > options.n_sampled;
    const names = isRanked ? [...new Set(pool.stretches.map(({ parameter }) => parameter))] : [];
    for (const run of runs) run.want(names);
    const canRank = !isRanked || pool.size <= MOST_RANKED;
    const chosen = canRank ? this.#weights.chosen(pool, runs, options) : [];
    const entries: (Entry & { part: number })[] = chosen.map((i) => pool!.at(i));
    found.nWeights = pool.size;
    found.nChosen = entries.length;
    if (isRanked) found.nRanked = canRank ? this.#weights.nRanked(runs) : 0;
    for (const entry of found.marked.slice(0, MOST_MARKED))
      if (!entries.some((other) => other.entry === entry.entry && other.parameter === entry.parameter))
        entries.push({ ...entry, part: partOf(entry) });
    for (const [r, run] of runs.entries()) {
      const held = this.#weights.read(run, entries);
      const { normalise } = options;
      const numbers = normalise === "none" ? null : this.#numbers.get(run)!;
      const divisors = new Map<string, Float64Array>();
      for (const [i, weight] of entries.entries()) {
        const layer = weight.parameter.slice(0, Math.max(0, weight.parameter.lastIndexOf(".")));
        if (numbers && !divisors.has(layer)) divisors.set(layer, numbers.divisors(options, layer));
        const by = divisors.get(layer);
        const values = by ? held.rows[i].map((value, k) => value / by[k]) : held.rows[i];
        found.lines.push({ part: weight.part, run: r, values, weight });
      }
      found.nHere += held.known.reduce((n, isKnown) => n + isKnown, 0);
      found.isRounded ||= run.precision !== "float32" && held.nExact < run.nCheckpoints;
      if (isRanked && canRank) {
        const missing = firstOf(run.nCheckpoints, (k) => !this.#weights.isRanked(run, k));
        this.#ask(found, run, pool.size, missing);
      }
    }
  }

  /** Ask for what is missing, one checkpoint (with its window) after the other. */
  #ask(found: Collected, run: History, size: number, missing: number): void {
    if (missing < 0 || !run.hasKernel || size * run.nCheckpoints > MOST_ASKED) return;
    found.isAsked = true;
    // Later: at the end of a refresh what is far from the playhead is taken back.
    setTimeout(() => run.isReady(missing, "weights"));
  }
}

/** Which of some parts an entry belongs to; -1 if to none. */
const partFinder =
  (all: Part[]) =>
  ({ parameter, entry }: Entry): number =>
    all.findIndex(({ parameters, bundles }) => {
      const own = bundles?.filter((bundle) => bundle.parameter === parameter);
      return own ? linkOf(own, entry) !== null : parameters.includes(parameter);
    });

function firstOf(n: number, holds: (k: number) => boolean): number {
  for (let k = 0; k < n; k++) if (holds(k)) return k;
  return -1;
}
