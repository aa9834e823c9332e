// Events above the curve: one tick for all that happened at one place, with their number. Pure but for what is drawn.

import { type Attributes, hear, svg } from "../../dom";
import type { EventEntry } from "../../events";
import { momentLabel } from "../../panel/moment";
import type { Say, Scene } from "../../panel/scene";

/** What happened at one place of the curve, in pixels; never empty. */
export interface Tick {
  events: EventEntry[];
  from: number;
  to: number;
}

/** Ticks that stand closer than `apart` are one, unless it would be longer than `longest`. */
const PX = { apart: 13, longest: 40, half: 3.5, high: 5, bar: 3 };
const MOST_TOLD = 3;

/** The ticks within the zoom, from left to right; events come in the order of their checkpoints. */
export function ticksOf(events: EventEntry[], scene: Scene): Tick[] {
  const { axis } = scene.prepared;
  const ticks: Tick[] = [];
  for (const event of events) {
    const at = axis.at[event.checkpoint];
    if (!(at >= scene.span[0] && at <= scene.span[1])) continue;
    const x = scene.x(at);
    const last = ticks[ticks.length - 1];
    if (last && (x === last.to || (x - last.to < PX.apart && x - last.from <= PX.longest))) {
      last.events.push(event);
      last.to = x;
    } else ticks.push({ events: [event], from: x, to: x });
  }
  return ticks;
}

/** The first sentences, each after its moment, and how many more there are. */
export function tickText({ events }: Tick, { prepared }: Scene): string {
  const lines = events.slice(0, MOST_TOLD).map(({ checkpoint, sentence }, i) => {
    const isNew = i === 0 || events[i - 1].checkpoint !== checkpoint;
    return (isNew ? `${momentLabel(checkpoint, prepared.moments)}: ` : "") + sentence;
  });
  if (events.length > MOST_TOLD) lines.push(`and ${events.length - MOST_TOLD} more`);
  return lines.join("\n");
}

/** `say` tells about a place on the curve, or no more; `jump` goes to an event. */
export function drawTicks(
  events: EventEntry[],
  scene: Scene,
  say: Say,
  jump: (event: EventEntry) => void,
): SVGElement[] {
  const { top } = scene.box;
  return ticksOf(events, scene).map((tick) => {
    const [from, to] = [tick.from - PX.half, tick.to + PX.half];
    const high = tick.to > tick.from ? PX.bar : PX.high; // a long one would weigh too much
    const d = `M${tick.from},${top - PX.high + high}L${from},${top - PX.high}H${to}L${tick.to},${top - PX.high + high}z`;
    const group = svg("g", "nwv-event", svg("path", { d }));
    const n = tick.events.length;
    const y = top - PX.high - 2;
    if (n > 1) group.append(svg("text", { x: (from + to) / 2, y, "text-anchor": "middle" }, String(n)));
    const room: Attributes = { x: from - 2, y: 0, width: to - from + 4, height: top + 2 };
    group.append(svg("rect", { ...room, fill: "transparent" }));
    const own = (act: () => void) => (event: Event) => {
      event.stopPropagation(); // or the curve below would be scrubbed
      act();
    };
    hear(group, {
      pointerdown: own(() => {}),
      pointermove: own(() => say(tick.from, tickText(tick, scene))),
      pointerleave: () => say(null, ""),
      click: own(() => jump(tick.events[0])),
    });
    return group;
  });
}
