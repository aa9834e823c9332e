// What pointer, wheel and keys do on the loss curve: scrub, step, zoom, hover. Draws nothing.
import { hear } from "../dom";
import type { Player } from "../player";
import { nearest } from "./axis";
import { axisAt, type Scene } from "./scene";

export interface Scrubbed {
  element: HTMLElement;
  player: Player;
  scene: () => Scene | null;
  /** Make the span `factor` times as long about a place along the axis (the playhead if null). */
  zoom: (factor: number, about: number | null) => void;
  resetZoom: () => void;
  hover: (checkpoint: number | null) => void;
}

const PAGE = 0.1;
const WHEEL_LINE_PX = 16;

function onPointer({ element, player, scene, hover }: Scrubbed, signal: AbortSignal): void {
  let dragging: { resumes: boolean } | null = null;
  const under = (event: PointerEvent): number | null => {
    const now = scene();
    if (!now || player.nCheckpoints === 0) return null;
    return nearest(now.prepared.axis, axisAt(now, event.clientX - element.getBoundingClientRect().left));
  };
  const scrub = (event: PointerEvent) => {
    const checkpoint = under(event);
    if (checkpoint !== null && checkpoint !== player.checkpoint) player.seek(checkpoint);
  };
  const down = (event: PointerEvent) => {
    if (event.button !== 0 || player.nCheckpoints < 2) return;
    element.setPointerCapture?.(event.pointerId);
    dragging = { resumes: player.playing };
    player.pause();
    hover(null);
    scrub(event);
  };
  const up = () => {
    const isAtEnd = player.checkpoint === player.nCheckpoints - 1;
    if (dragging?.resumes && (player.loop || !isAtEnd)) player.play();
    dragging = null;
  };
  const move = (event: PointerEvent) => (dragging ? scrub(event) : hover(under(event)));
  hear(element, { pointerdown: down, pointermove: move }, signal);
  hear(element, { pointerup: up, pointercancel: up, pointerleave: () => hover(null) }, signal);
}

/** The page keeps its wheel until the reader has stepped onto the curve, or pinches. */
function onWheel({ element, scene, zoom, resetZoom }: Scrubbed, signal: AbortSignal): void {
  const turn = (event: WheelEvent) => {
    const now = scene();
    if (!now || !(element.matches(":focus") || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    const px = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE_PX : 1);
    const about = axisAt(now, event.clientX - element.getBoundingClientRect().left);
    zoom(Math.exp(Math.max(-200, Math.min(200, px)) * (event.ctrlKey ? 0.01 : 0.003)), about);
  };
  element.addEventListener("wheel", turn, { signal, passive: false });
  hear(element, { dblclick: resetZoom }, signal);
}

function onKeys({ element, player, zoom, resetZoom }: Scrubbed, signal: AbortSignal): void {
  const page = () => Math.max(1, Math.round(player.nCheckpoints * PAGE));
  const keys: Record<string, () => void> = {
    ArrowLeft: () => player.step(-1),
    ArrowDown: () => player.step(-1),
    ArrowRight: () => player.step(1),
    ArrowUp: () => player.step(1),
    PageUp: () => player.step(page()),
    PageDown: () => player.step(-page()),
    Home: () => player.first(),
    End: () => player.last(),
    " ": () => player.toggle(),
    "+": () => zoom(1 / 1.5, null),
    "=": () => zoom(1 / 1.5, null),
    "-": () => zoom(1.5, null),
    "0": resetZoom,
  };
  const press = (event: KeyboardEvent) => {
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : null;
    if (!act || event.ctrlKey || event.metaKey || event.altKey || player.nCheckpoints < 2) return;
    event.preventDefault();
    event.stopPropagation(); // a notebook has other plans for these keys
    act();
  };
  hear(element, { keydown: press }, signal);
}

export function listenForScrubbing(scrubbed: Scrubbed, signal: AbortSignal): void {
  onPointer(scrubbed, signal);
  onWheel(scrubbed, signal);
  onKeys(scrubbed, signal);
}
