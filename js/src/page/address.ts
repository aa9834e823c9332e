// A moment of a diagram as the part of an address behind its #, both ways. Numbers count from 0, as in Python. Pure.
import type { Selection } from "../describe";
import type { Network } from "../network";

export interface Moment {
  checkpoint?: number;
  view?: string;
  run?: string;
  selection?: Selection | null; // null for none
}

interface Run {
  name: string;
  nCheckpoints: number;
  steps: (number | null)[] | null;
}

/** What an address is held against. */
export interface There {
  views: string[];
  network: Network;
  runs: Run[]; // the one that is shown comes first
}

type Read = (name: string, below: number) => number;
/** Why an address makes no sense, for the reader. */
class Nonsense extends Error {}

const KEYS =
  "checkpoint step view run selection group unit bundle target source parameter index block widget".split(
    " ",
  );
/** Those that are about the whole page. */
const PAGE_KEYS = ["embed", "theme"];

/** Whether an address says anything of a diagram. */
export const isMoment = (asked: URLSearchParams): boolean =>
  [...asked.keys()].some((key) => !PAGE_KEYS.includes(key));

function choice(what: string, given: string, accepted: string[]): string {
  if (accepted.includes(given)) return given;
  const listed = accepted.length > 12 ? [...accepted.slice(0, 12), "…"] : accepted;
  throw new Nonsense(`The address asks for ${what} “${given}”; there are: ${listed.join(", ")}.`);
}

function whole(what: string, given: string | null, below: number): number {
  if (given !== null && /^\d+$/.test(given) && Number(given) < below) return Number(given);
  const asked = given === null ? `no ${what}` : `${what} “${given}”`;
  throw new Nonsense(`The address asks for ${asked}; it takes 0 to ${below - 1}.`);
}

/** The checkpoint of a step: the latest one that is not later. */
function checkpointOf(given: string, { steps }: Run): number {
  if (!steps) throw new Nonsense("The address asks for a step; these checkpoints have none.");
  const known = steps.filter((step) => step !== null);
  const first = known[0];
  if (!/^\d+$/.test(given) || first === undefined || Number(given) < first)
    throw new Nonsense(`The address asks for step “${given}”; there are ${first} to ${known.at(-1)}.`);
  return steps.findLastIndex((step) => step !== null && step <= Number(given));
}

function selectionIn(asked: URLSearchParams, network: Network, number: Read): Selection | null | undefined {
  const given = (name: string) => asked.get(name);
  const [group, bundle, parameter, block] = ["group", "bundle", "parameter", "block"].map(given);
  if (group !== null) {
    const ids = network.groups.map(({ id }) => id);
    const { n_units } = network.groups[ids.indexOf(choice("group", group, ids))];
    return { group, unit: number("unit", n_units) };
  }
  if (bundle !== null) {
    const ids = network.bundles.map(({ id }) => id);
    const [nTargets, nSources] = network.bundles[ids.indexOf(choice("bundle", bundle, ids))].shape;
    return { bundle, target: number("target", nTargets), source: number("source", nSources) };
  }
  if (parameter !== null) {
    const shape = network.parameters[choice("parameter", parameter, Object.keys(network.parameters))];
    const index = (given("index") ?? "").split(",");
    if (index.length !== shape.length)
      throw new Nonsense(`The address has index “${index}”; ${parameter} is of shape ${shape.join(" × ")}.`);
    return { parameter, index: index.map((i, side) => whole(`index ${side}`, i, shape[side])) };
  }
  if (block !== null) {
    const parts = network.layers.map(({ name }) => name.split("."));
    const names = parts.flatMap((part) => part.map((_, n) => part.slice(0, n + 1).join(".")));
    return { block: choice("block", block, [...new Set(names)]) };
  }
  if (given("selection") !== null) choice("selection", given("selection")!, ["none"]);
  return given("selection") === null ? undefined : null;
}

/** What an address asks of a diagram; a sentence if that makes no sense. */
export function momentIn(asked: URLSearchParams, { views, network, runs }: There): Moment | string {
  const moment: Moment = {};
  try {
    for (const key of asked.keys()) if (!PAGE_KEYS.includes(key)) choice("something called", key, KEYS);
    const [checkpoint, step, view, run] = ["checkpoint", "step", "view", "run"].map((key) => asked.get(key));
    const names = runs.map(({ name }) => name);
    if (view !== null) moment.view = choice("view", view, views);
    if (run !== null) moment.run = choice("run", run, names);
    const shown = runs[run === null ? 0 : names.indexOf(run)];
    if (step !== null) moment.checkpoint = checkpointOf(step, shown);
    if (checkpoint !== null) moment.checkpoint = whole("checkpoint", checkpoint, shown.nCheckpoints);
    const selection = selectionIn(asked, network, (name, below) => whole(name, asked.get(name), below));
    if (selection !== undefined) moment.selection = selection;
    return moment;
  } catch (error) {
    if (error instanceof Nonsense) return error.message;
    throw error;
  }
}

/** The part of an address behind its # that leads to a moment. */
export function addressOf({ selection, ...moment }: Moment, widget: number | null): string {
  const asked = new URLSearchParams();
  const { run: _, ...selected } = selection === null ? { selection: "none" } : (selection ?? {});
  for (const [name, value] of Object.entries({ widget, ...moment, ...selected }))
    if (value !== null && value !== undefined) asked.set(name, String(value));
  return asked.toString();
}

/** Which of a page's diagrams an address means: the first, or by number or title. */
export const isMeant = (asked: URLSearchParams, k: number, title: string): boolean =>
  [String(k), title].includes(asked.get("widget") ?? "0");
