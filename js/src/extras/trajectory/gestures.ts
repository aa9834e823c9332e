// What a reader does with the plot: points, clicks, drags a rectangle, presses keys. Not for what follows from it.
import { hear } from "../../dom";

export interface Point {
  x: number;
  y: number;
}

export interface Intents {
  point(at: Point | null): void;
  click(at: Point): void;
  /** A rectangle is being drawn; null when it is not any more. */
  draw(from: Point, to: Point | null): void;
  zoomTo(from: Point, to: Point): void;
  /** Both axes, by a factor; moved by shares of what is shown. */
  zoomBy(factor: number, move: Point): void;
  reset(): void;
  /** Go to another checkpoint, or to the first or last one. */
  step(by: number): void;
  /** To the line above or below. */
  walk(by: number): void;
  choose(): void;
}

const DRAG_PX = 5;
const still = { x: 0, y: 0 };

export function listenTo(stage: HTMLElement, intents: Intents): void {
  let start: Point | null = null;
  let isDragging = false;
  const at = (event: MouseEvent): Point => {
    const { left, top } = stage.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const end = () => {
    if (isDragging) intents.draw(still, null);
    start = null;
    isDragging = false;
  };
  hear(stage, {
    pointerdown: (event) => {
      if (event.button !== 0) return;
      start = at(event);
      stage.setPointerCapture(event.pointerId);
    },
    pointermove: (event) => {
      const here = at(event);
      isDragging ||= start !== null && Math.hypot(here.x - start.x, here.y - start.y) > DRAG_PX;
      if (start && isDragging) intents.draw(start, here);
      else if (!start) intents.point(here);
    },
    pointerup: (event) => {
      if (start && isDragging) intents.zoomTo(start, at(event));
      else if (start) intents.click(at(event));
      end();
    },
    pointercancel: end,
    pointerleave: () => intents.point(null),
    blur: () => intents.point(null),
    dblclick: () => intents.reset(),
    keydown: (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && isDragging) event.stopPropagation();
      if (event.key === "Escape") end();
      const isMoving = event.shiftKey;
      const actions: Record<string, () => void> = {
        ArrowLeft: () => (isMoving ? intents.zoomBy(1, { x: -0.2, y: 0 }) : intents.step(-1)),
        ArrowRight: () => (isMoving ? intents.zoomBy(1, { x: 0.2, y: 0 }) : intents.step(1)),
        ArrowUp: () => (isMoving ? intents.zoomBy(1, { x: 0, y: 0.2 }) : intents.walk(1)),
        ArrowDown: () => (isMoving ? intents.zoomBy(1, { x: 0, y: -0.2 }) : intents.walk(-1)),
        Home: () => intents.step(Number.NEGATIVE_INFINITY),
        End: () => intents.step(Number.POSITIVE_INFINITY),
        Enter: () => intents.choose(),
        "+": () => intents.zoomBy(0.6, still),
        "=": () => intents.zoomBy(0.6, still),
        "-": () => intents.zoomBy(1 / 0.6, still),
        "0": () => intents.reset(),
      };
      const act = actions[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    },
  });
}
