// What all displays of one widget share: its decoded history and its clock.
import type { Index, Parts } from "./blocks";
import type { History } from "./history";
import { renumbered } from "./history/run";
import type { HostModel } from "./host";
import { studioOfPage } from "./images/studio";
import { type Network, readNetwork } from "./network";
import type { GivenOutputs } from "./outputs";
import { type Player, playerOf } from "./player";
import { historiesOf, looksOf, openAll, receive, standIn } from "./runs";

export interface Session {
  network: Network;
  history: History; // of the run that is shown
  histories: History[]; // of all runs
  player: Player;
  /** What a probe found, as it came last. */
  outputs: GivenOutputs | null;
  /** What playing waits for in each display: the picture of the next checkpoint. */
  gates: Set<(checkpoint: number) => boolean>;
}

const sessions = new WeakMap<HostModel, Session>();

/** The session of a widget model, begun on first use: blocks are decoded once, messages are heard once. */
export function sessionOf(model: HostModel): Session {
  const known = sessions.get(model);
  if (known) return known;
  studioOfPage().warm();
  const network = readNetwork(model.get("_network"));
  const send = model.send ? (message: Record<string, unknown>) => model.send!(message) : null;
  const index: Index = model.get("_index");
  const histories = historiesOf(index, network, send);
  let shown = 0;
  const history = histories[1] ? standIn(histories, () => histories[shown]) : histories[0];
  const player = playerOf(model);
  /** Who is at the end stays there while the history grows, unless it plays. */
  const follow = (number = (k: number) => k): void => {
    const [k, n] = [player.checkpoint, player.nCheckpoints];
    player.nCheckpoints = history.nCheckpoints;
    const isLast = k === n - 1 && !player.playing; // then Python follows the history, too
    if (n > 0) player.seek(isLast ? player.nCheckpoints - 1 : number(k), !isLast);
    player.refresh();
  };
  history.subscribe(() => follow());
  for (const run of histories) run.revised = (number) => run === histories[shown] && follow(number);
  const show = (): void => {
    const options = looksOf(model.get("options"), histories);
    for (const run of histories) run.show(options.quantity, options.reference);
    const before = histories[shown];
    shown = Math.max(
      0,
      histories.findIndex(({ name }) => name === options.run),
    );
    if (before === histories[shown]) return;
    const k = renumbered(player.checkpoint, before.steps, history);
    player.nCheckpoints = history.nCheckpoints;
    player.seek(k);
    player.refresh();
  };
  model.on("change:options", show);
  show();
  const given: Parts = model.get("_blocks");
  openAll(histories, index, given);
  player.isReady = (k) => history.isReady(k) && history.hasValues;
  const gates: Session["gates"] = new Set();
  player.isDrawn = (k) => [...gates].every((isDrawn) => isDrawn(k));
  follow();
  const outputsIn = ({ outputs }: Index, parts: Parts) => (outputs ? { index: outputs, parts } : null);
  const outputs = outputsIn(index, given);
  const session: Session = { network, history, histories, player, gates, outputs };
  const sent = { ...model.get("_sent") }; // of the last message of each trait that was heard: some get lost
  model.on("change:_sent", () => Object.assign(sent, model.get("_sent")));
  model.on("msg:custom", (message, buffers) => {
    if (message.type === "heard") send!({ ...message, sent });
    if (message.type === "reset") session.outputs = outputsIn(message.index, buffers);
    receive(histories, message, buffers ?? []);
  });
  sessions.set(model, session);
  return session;
}

/** For so long a display waits for its weights, to be drawn once; without them it is drawn again when they are there. */
const PATIENCE_MS = 100;

export const soonDecoded = ({ history }: Session): Promise<unknown> =>
  Promise.race([history.decoding, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
