// What a reader's gestures mean on a matrix; the gestures are those of the graph.
import type { Intents } from "../../views/graph/gestures";

export interface Actions {
  point(x: number, y: number): void;
  leave(): void;
  press(x: number, y: number): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number | "fit", at: [x: number, y: number]): void;
  walk(down: number, across: number): void;
  clear(): void;
  isZoomed(): boolean;
}

const STEPS: Record<string, [down: number, across: number]> = {
  up: [-1, 0],
  down: [1, 0],
  left: [0, -1],
  right: [0, 1],
};

const nothing = (): void => {};
const no = (): boolean => false;

export const intentsOf = (actions: Actions): Intents => ({
  hover: actions.point,
  leave: actions.leave,
  click: actions.press,
  pan: actions.pan,
  zoom: (factor, x, y) => actions.zoom(factor, [x, y]),
  fit: () => actions.zoom("fit", [0, 0]),
  move: (direction) => actions.walk(...STEPS[direction]),
  nextLink: nothing,
  turn: nothing,
  open: no,
  close: no,
  clear: actions.clear,
  canPanX: actions.isZoomed,
});
