// A moment of a diagram as the part of an address behind its #, both ways. Numbers count from 0, as in Python. Pure.
import type { Selection } from "../describe";
import type { Network } from "../network";

/** Its names are those of the address. @boundary */
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

const KEYS =
  "widget,checkpoint,step,view,run,selection,group,unit,bundle,target,source,parameter,index,block".split(
    ",",
  );
/** Those that are about the whole page. */
const PAGE_KEYS = ["embed", "theme"];
const MOST_LISTED = 16;

const momentKeys = (asked: URLSearchParams): string[] =>
  [...asked.keys()].filter((key) => !PAGE_KEYS.includes(key));

/** Whether an address says anything of a diagram. */
export const isMoment = (asked: URLSearchParams): boolean => momentKeys(asked).length > 0;

/** Why an address is not obeyed. */
export const absent = (what: string, given: string | null | undefined, there: string): string =>
  `The address asks for ${what} “${given ?? ""}”; there is ${there}.`;

const refuse = (...why: Parameters<typeof absent>): never => {
  throw new Error(absent(...why));
};

function choice(what: string, given: string, accepted: string[]): number {
  const at = accepted.indexOf(given);
  const listed = accepted.slice(0, MOST_LISTED).join(", ") + (accepted[MOST_LISTED] ? ", …" : "");
  return at < 0 ? refuse(what, given, listed) : at;
}

const wholeIn = (given: string | null | undefined): number =>
  /^\d+$/.test(`${given}`) ? Number(given) : Number.NaN;

function whole(what: string, given: string | null | undefined, below: number): number {
  const number = wholeIn(given);
  return number < below ? number : refuse(what, given, `0 to ${below - 1}`);
}

/** The checkpoint of a step: the latest one that is not later. */
function checkpointOf(given: string, steps: (number | null)[]): number {
  const k = steps.findLastIndex((step) => step !== null && step <= wholeIn(given));
  const known = steps.filter((step) => step !== null);
  return k < 0 ? refuse("step", given, known[0] == null ? "none" : `${known[0]} to ${known.at(-1)}`) : k;
}

function selectionIn(asked: URLSearchParams, network: Network): Selection | null | undefined {
  const { groups, bundles, parameters } = network;
  const named = <T>(kind: string, things: T[], nameOf: (thing: T) => string): T | null => {
    const given = asked.get(kind);
    return given === null ? null : things[choice(kind, given, things.map(nameOf))];
  };
  const number = (name: string, below: number) => whole(name, asked.get(name), below);
  const group = named("group", groups, ({ id }) => id);
  if (group) return { group: group.id, unit: number("unit", group.n_units) };
  const bundle = named("bundle", bundles, ({ id }) => id);
  if (bundle) {
    const [nTargets, nSources] = bundle.shape;
    return { bundle: bundle.id, target: number("target", nTargets), source: number("source", nSources) };
  }
  const entry = named("parameter", Object.entries(parameters), ([name]) => name);
  if (entry) {
    const [parameter, shape] = entry;
    const index = (asked.get("index") ?? "").split(",");
    if (index.length !== shape.length) refuse("index", index.join(), `one of a shape ${shape.join(" × ")}`);
    return { parameter, index: index.map((i, side) => whole("index", i, shape[side])) };
  }
  const parts = network.layers.map(({ name }) => name.split("."));
  const blocks = parts.flatMap((part) => part.map((_, n) => part.slice(0, n + 1).join(".")));
  const block = named("block", [...new Set(blocks)], (name) => name);
  if (block !== null) return { block };
  return named("selection", ["none"], (name) => name) ? null : undefined;
}

/** What an address asks of a diagram; a sentence if that makes no sense. */
export function momentIn(asked: URLSearchParams, { views, network, runs }: There): Moment | string {
  try {
    for (const key of momentKeys(asked)) choice("something called", key, KEYS);
    const [checkpoint, step, view, run] = ["checkpoint", "step", "view", "run"].map((key) => asked.get(key));
    const moment: Moment = {};
    if (view !== null) moment.view = views[choice("view", view, views)];
    const names = runs.map(({ name }) => name);
    const shown = runs[run === null ? 0 : choice("run", run, names)];
    if (run !== null) moment.run = run;
    if (step !== null) moment.checkpoint = checkpointOf(step, shown.steps ?? []);
    if (checkpoint !== null) moment.checkpoint = whole("checkpoint", checkpoint, shown.nCheckpoints);
    const selection = selectionIn(asked, network);
    return selection === undefined ? moment : { ...moment, selection };
  } catch (error) {
    return (error as Error).message;
  }
}

/** The part of an address behind its # that leads to a moment. */
export function addressOf({ selection, ...moment }: Moment, widget: number | null): string {
  const asked = new URLSearchParams();
  const { run: _, ...selected } = selection === null ? { selection: "none" } : (selection ?? {});
  if (widget !== null) asked.set("widget", String(widget));
  for (const [name, value] of Object.entries({ ...moment, ...selected }))
    if (value !== undefined) asked.set(name, String(value));
  return asked.toString();
}

/** Which of a page's diagrams an address means, by number or title: the first if it names none; -1 for none of them. */
export function meantBy(asked: URLSearchParams, titles: string[]): number {
  const widget = asked.get("widget") ?? "0";
  const k = titles.indexOf(widget);
  return k < 0 ? titles.findIndex((_, i) => String(i) === widget) : k;
}
