// Events in a display: ticks above the curve, a button that says how many there are, and the list that it opens.
// Not for finding them, which Python does.

import { asLink, isLink, isUnit, type Selection } from "../describe";
import { hear, html } from "../dom";
import type { EventEntry } from "../events";
import type { History } from "../history";
import type { HostModel } from "../host";
import type { Network } from "../network";
import type { Overhead } from "../panel/scene";
import type { Timeline } from "../panel/timeline";
import type { Player } from "../player";
import { formatCount } from "../scale";
import type { Diagram } from "../views/context";
import css from "./events/events.css";
import { foundIn } from "./events/found";
import { EventList } from "./events/list";
import { drawTicks } from "./events/ticks";

export interface Display {
  model: HostModel;
  network: Network;
  history: History;
  player: Player;
  view: Diagram;
  select(selection: Selection): void;
  timeline: Timeline;
}

/** Bring what an event is about into sight; returns it, or the closed block that holds it. */
function inSight(view: Diagram, network: Network, where: Selection): Selection {
  const selection = asLink(network, network.bundles, where) ?? where;
  if (isUnit(selection)) return view.reveal(selection.group, selection.unit);
  if (!isLink(selection)) return where;
  const { target } = network.bundles.find(({ id }) => id === selection.bundle)!;
  const shown = view.reveal(target, selection.target);
  return isUnit(shown) ? where : shown;
}

/** Show the events of a display until the signal aborts. */
export function showEvents(display: Display, signal: AbortSignal): void {
  const { model, network, history, player, view, select, timeline } = display;
  if (signal.aborted) return;
  const found = foundIn(model, history);
  const button = html("button", { type: "button", class: "nwv-switch", "aria-expanded": "false" });
  const panel = html("section", { class: "nwv-events", hidden: true, "aria-label": "Events" });
  const style = html("style", {}, css);
  timeline.moment.append(button);
  timeline.root.after(style, panel);
  let list: EventList | null = null;
  let drawn: EventEntry[] | null = null;

  const open = (isOpen: boolean): void => {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      button.focus();
      return;
    }
    found.want(true);
    list ??= new EventList(panel, { found, moments: history, checkpoint, jump, close: () => open(false) });
    list.move(player.checkpoint);
  };
  const checkpoint = () => player.checkpoint;
  const jump = ({ checkpoint, where }: EventEntry): void => {
    player.pause();
    player.seek(checkpoint);
    if (where) select(inSight(view, network, where));
  };

  /** Ticks are drawn anew only if there are others. */
  const drawAbove = (entries: EventEntry[]): void => {
    if (entries === drawn) return;
    drawn = entries;
    const at = (k: number) => entries.filter(({ checkpoint }) => checkpoint === k).map((e) => e.sentence);
    const draw: Overhead["draw"] = (scene, say) => drawTicks(entries, scene, say, jump);
    timeline.above(entries.length > 0 ? { draw, at } : null);
  };
  const update = (): void => {
    found.want();
    const n = found.entries.length;
    button.hidden = !found.isPossible;
    if (button.hidden) panel.hidden = true;
    const count = `${n === 0 ? "no" : formatCount(n)} event${n === 1 ? "" : "s"}`;
    button.textContent = found.index ? count : "events";
    drawAbove(found.entries);
    list?.update();
  };

  hear(button, { click: () => open(panel.hidden === true) });
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation(); // what is selected stays so
    open(false);
  };
  hear(panel, { keydown: onKey });
  const stop = [
    found.subscribe(update),
    history.subscribe(update),
    player.subscribe(() => list?.move(player.checkpoint)),
  ];
  hear(signal, { abort: () => stop.map((end) => end()) });
  update();
}
