// Pointer, wheel and keyboard on the stage, turned into intents. Knows no weights.

import { hear } from "../../dom";
export interface Intents {
  hover(x: number, y: number): void;
  leave(): void;
  click(x: number, y: number): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, x: number, y: number): void;
  fit(): void;
  move(direction: "up" | "down" | "left" | "right"): void;
  nextLink(by: 1 | -1): void;
  turn(what: "gate" | "lane"): void;
  open(): boolean; // false where there is nothing to open
  close(): boolean;
  clear(): void;
  canPanX(): boolean;
}

const DRAG_PX = 4;

function listenToPointer(stage: HTMLElement, intents: Intents, signal: AbortSignal): void {
  let down: { x: number; y: number; dragged: boolean } | null = null;
  const at = (event: MouseEvent): [number, number] => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  hear(
    stage,
    {
      pointerdown: (event) => {
        if (event.button === 0) down = { x: event.clientX, y: event.clientY, dragged: false };
      },
      pointermove: (event) => {
        if (!down) return intents.hover(...at(event));
        const [dx, dy] = [event.clientX - down.x, event.clientY - down.y];
        if (!down.dragged && Math.hypot(dx, dy) < DRAG_PX) return;
        if (!down.dragged) stage.setPointerCapture(event.pointerId);
        down = { x: event.clientX, y: event.clientY, dragged: true };
        intents.pan(dx, dy);
      },
      pointerup: (event) => {
        if (down && !down.dragged) intents.click(...at(event));
        down = null;
      },
      pointercancel: () => (down = null),
      pointerleave: () => intents.leave(),
      dblclick: () => intents.fit(),
    },
    signal,
  );
  stage.addEventListener("wheel", (event) => wheel(event, intents, at(event)), { signal, passive: false });
}

/** Ctrl, Cmd or a pinch zooms; sideways pans; anything else scrolls the page as it should. */
function wheel(event: WheelEvent, intents: Intents, [x, y]: [number, number]): void {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    intents.zoom(Math.exp(-event.deltaY * 0.004), x, y);
    return;
  }
  const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY) && intents.canPanX()) {
    event.preventDefault();
    intents.pan(-sideways, 0);
  }
}

const ARROWS: Record<string, [direction: "up" | "down" | "left" | "right", dx: number, dy: number]> = {
  ArrowUp: ["up", 0, 40],
  ArrowDown: ["down", 0, -40],
  ArrowLeft: ["left", 40, 0],
  ArrowRight: ["right", -40, 0],
};

function onKey(event: KeyboardEvent, stage: HTMLElement, intents: Intents): boolean {
  const arrow = ARROWS[event.key];
  const zoom = (factor: number) => intents.zoom(factor, stage.clientWidth / 2, stage.clientHeight / 2);
  if (arrow) event.shiftKey ? intents.pan(arrow[1], arrow[2]) : intents.move(arrow[0]);
  else if (event.key === "+" || event.key === "=") zoom(1.25);
  else if (event.key === "-") zoom(0.8);
  else if (event.key === "0") intents.fit();
  else if (event.key === "." || event.key === ",") intents.nextLink(event.key === "." ? 1 : -1);
  else if (event.key === "g" || event.key === "h") intents.turn(event.key === "g" ? "gate" : "lane");
  else if (event.key === "Enter" || event.key === " ") return intents.open();
  else if (event.key === "Backspace") return intents.close();
  else if (event.key === "Escape") intents.clear();
  else return false;
  return true;
}

export function listen(stage: HTMLElement, intents: Intents, signal: AbortSignal): void {
  listenToPointer(stage, intents, signal);
  hear(
    stage,
    {
      keydown: (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !onKey(event, stage, intents)) return;
        event.preventDefault();
        event.stopPropagation();
      },
    },
    signal,
  );
}
