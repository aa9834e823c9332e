// Several runs of one widget: a history each, whose messages are told apart, and one that stands for the run shown.
// Not for comparing them on the stage (see extras/runs.ts).
import type { BlockEntry, Index, Parts, Reply, RunOfSeveral, SummaryIndex } from "./blocks";
import { History } from "./history";
import { Memory } from "./history/memory";
import type { Network } from "./network";
import type { Options } from "./options";
import type { Metric } from "./panel/curves";
import type { TimelineData } from "./panel/timeline";

type Send = (message: Record<string, unknown>) => void;

/** A history for each run of an index; one alone asks and hears as if there were no others. */
export function historiesOf({ runs }: Index, network: Network, send: Send | null): History[] {
  const sendAs = (run: string, i: number): Send => {
    if (runs.length === 1) return send!;
    return (message) => send!({ ...message, run, ...("id" in message && { id: `${i}/${message.id}` }) });
  };
  const histories = runs.map(({ name }, i) => {
    const history = new History(network, send && sendAs(name, i), Memory.ofPage());
    history.name = name;
    if (runs[1]) history.called = name.replace(/^(?!run\b)/i, "run ");
    return history;
  });
  for (const history of histories) history.peers = histories;
  return histories;
}

/** What an index says of one run. */
function indexOf(index: Index, run: RunOfSeveral): Index {
  const own = (blocks: BlockEntry[]) => blocks.filter((block) => block.run === run.name);
  const summaries: SummaryIndex = { ...index.summaries!, blocks: own(index.summaries!.blocks) };
  return { ...index, ...run, runs: [run], blocks: own(index.blocks), summaries };
}

export function openAll(histories: History[], index: Index, parts: Parts): void {
  for (const [i, history] of histories.entries())
    history.open(histories[1] ? indexOf(index, index.runs[i] as RunOfSeveral) : index, parts);
}

/** Hand a message to the run that it is of, or to all. */
export function receive(histories: History[], message: Reply, buffers: Parts): void {
  if (!histories[1]) {
    histories[0].receive(message, buffers);
    return;
  }
  const [of, id] = "id" in message && message.id !== null ? String(message.id).split("/") : [];
  const { name } =
    message.type === "reset" ? message.index.runs[0] : { name: message.type === "append" && message.run };
  for (const [i, history] of histories.entries()) {
    const isOwn = of === undefined ? name === false || name === history.name : of === String(i);
    if (isOwn) history.receive(id === undefined ? message : ({ ...message, id } as Reply), buffers);
    else if (name) history.store.dropAgainst();
  }
}

/** The history of whichever run is shown; who subscribes hears of all of them. */
export const standIn = (histories: History[], shown: () => History): History =>
  new Proxy({} as History, {
    get(_, name) {
      const history = shown();
      const value = Reflect.get(history, name);
      if (value === history.subscribe)
        return (listener: () => void) => {
          const stops = histories.map((other) => other.subscribe(listener));
          return () => {
            for (const stop of stops) stop();
          };
        };
      return typeof value === "function" ? value.bind(history) : value;
    },
  });

/** What options come to: with several runs `run` and `against` are names, and a comparison has its own quantity or scale. */
export function looksOf(options: Options, histories: History[]): Options {
  if (!histories[1]) return options;
  const at = (run: string | null) => histories.findIndex(({ name }) => name === run);
  const shown = Math.max(0, at(options.run));
  const named = at(options.against);
  const reference = named < 0 || named === shown ? Number(shown === 0) : named;
  const { scale, compare } = options;
  return {
    ...options,
    run: histories[shown].name,
    against: histories[reference].name,
    ...(compare === "difference" && { quantity: "against", reference }),
    scale: compare === "side" && scale === "checkpoint" ? "layer" : scale, // both are on one
  };
}

/** The metrics of all runs that count as the shown one does, in steps or in checkpoints. */
const metricsOf = ({ peers, steps, metrics }: History): Metric[] =>
  peers.length === 1
    ? metrics
    : peers.flatMap((run, i) =>
        (run.steps === null) === (steps === null)
          ? run.metrics.map((metric) => ({ ...metric, run: run.name, dashes: `nwv-run-${(i % 6) + 1}` }))
          : [],
      );

export function timelineOf(history: History): TimelineData {
  const { nCheckpoints, steps, epochs } = history;
  const metrics = metricsOf(history);
  const updateSizes = metrics.length === 0 && history.hasValues ? history.updateSizes() : null;
  return { nCheckpoints, steps, epochs, metrics, updateSizes, isHere: (k) => history.isHere(k) };
}
