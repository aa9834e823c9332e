// What all displays of one widget share: its decoded history and its clock.
import type { Index, Parts } from "./blocks";
import { History } from "./history";
import { Memory } from "./history/memory";
import { type Network, readNetwork } from "./network";
import { DEFAULTS, type Options } from "./options";
import type { GivenOutputs } from "./outputs";
import { type HostModel, type Player, playerOf } from "./player";

export interface Session {
  network: Network;
  history: History;
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
  const network = readNetwork(model.get("_network"));
  const send = model.send ? (message: Record<string, unknown>) => model.send!(message) : null;
  const history = new History(network, send, Memory.ofPage());
  const player = playerOf(model);
  /** Who is at the end stays there while the history grows, unless it plays. */
  const follow = (number = (k: number) => k): void => {
    const [k, n] = [player.checkpoint, player.nCheckpoints];
    player.nCheckpoints = history.nCheckpoints;
    if (n > 0) player.seek(k === n - 1 && !player.playing ? player.nCheckpoints - 1 : number(k));
    player.refresh();
  };
  history.subscribe(() => follow());
  history.revised = follow;
  const show = (): void => {
    const { quantity, reference }: Options = { ...DEFAULTS, ...model.get("options") };
    history.show(quantity, reference);
  };
  model.on("change:options", show);
  show();
  history.open(model.get("_index"), model.get("_blocks"));
  player.isReady = (k) => history.isReady(k) && history.hasValues;
  const gates: Session["gates"] = new Set();
  player.isDrawn = (k) => [...gates].every((isDrawn) => isDrawn(k));
  follow();
  const outputsIn = ({ outputs }: Index, parts: Parts) => (outputs ? { index: outputs, parts } : null);
  const outputs = outputsIn(model.get("_index"), model.get("_blocks"));
  const session: Session = { network, history, player, gates, outputs };
  model.on("msg:custom", (message, buffers) => {
    if (message.type === "reset") session.outputs = outputsIn(message.index, buffers);
    history.receive(message, buffers ?? []);
  });
  sessions.set(model, session);
  return session;
}
