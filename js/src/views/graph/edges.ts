// What lies beyond the left and right edge of the stage: said, counted, and one press away.
import { hear, html } from "../../dom";
import type { Layout } from "../../layout";

export interface Edges {
  update(layout: Layout, width: number): void;
}

export function createEdges(stage: HTMLElement, pan: (dx: number) => void): Edges {
  const sides = (["left", "right"] as const).map((side) => {
    const button = html("button", { type: "button", class: `nwv-edge nwv-edge-${side}`, hidden: true });
    hear(button, {
      pointerdown: (event) => event.stopPropagation(),
      click: () => pan((side === "left" ? 0.6 : -0.6) * stage.clientWidth),
    });
    stage.append(button);
    return { side, button };
  });
  return {
    update(layout, width) {
      const main = [...layout.places.values()].filter(
        ({ group }) => group.role !== "bias" && !group.delayed_of,
      );
      for (const { side, button } of sides) {
        const beyond = main.filter(({ x }) => (side === "left" ? x < 12 : x > width - 12));
        const n = new Set(beyond.map(({ group }) => group.column)).size;
        button.hidden = n === 0;
        const words = `${n} more layer${n === 1 ? "" : "s"}`;
        button.textContent = side === "left" ? `‹ ${words}` : `${words} ›`;
      }
    },
  };
}
