// The history strips of the graph, as far as everyone has them: which groups can, their room, and the layer that comes late.
import type { Selection } from "../../describe";
import { type Layout, type LayoutLooks, layoutNetwork, type Place } from "../../layout";
import type { Network } from "../../network";
import type { Stage, StripHit, Strips } from "../context";

const LEAST_SPACING = 4; // pixels from unit to unit
const WIDTH = { share: 0.1, least: 36, most: 120 }; // of the stage

/** Whether the links into a group are drawn unit by unit. */
const isByUnit = ({ form, group }: Place): boolean =>
  (form === "nodes" || form === "ports") && group.delayed_of === null && (group.band?.size ?? 1) === 1;

/** The groups whose units have room for strips. */
export const stripable = ({ bundles }: Network, { places }: Layout): string[] =>
  [...places.values()]
    .filter((place) => isByUnit(place) && place.spacing >= LEAST_SPACING)
    .map(({ group }) => group.id)
    .filter((id) => bundles.some(({ target }) => target === id));

export class Striped {
  #strips: Strips | null = null;
  #isOn = false;
  isPossible = false;

  layout(network: Network, looks: LayoutLooks, isOn: boolean): Layout {
    const bare = layoutNetwork(network, looks);
    const groups = stripable(network, bare);
    this.isPossible = groups.length > 0;
    this.#isOn = isOn;
    if (!isOn) return bare;
    const wide = Math.max(WIDTH.least, Math.min(WIDTH.most, WIDTH.share * looks.width));
    const withStrips = (width: number): Layout =>
      layoutNetwork(network, { ...looks, strips: new Map(groups.map((id) => [id, width])) });
    const layout = withStrips(wide);
    const beyond = layout.width - Math.max(looks.width, bare.width); // of the stage
    if (beyond <= 0) return layout;
    const nColumns = new Set(groups.map((id) => layout.places.get(id)!.x)).size;
    return withStrips(Math.max(WIDTH.least, Math.floor(wide - beyond / nColumns)));
  }

  /** Show the strips on top of what is in the host, or take them away; `come` is called when they have come. */
  place(stage: Stage, host: HTMLElement, come: () => void): void {
    if (!this.#isOn) {
      this.close();
      return;
    }
    if (this.#strips) this.#strips.show(stage);
    else
      stage.context.strips().then((create) => {
        if (this.#strips || !this.#isOn || stage.context.signal.aborted) return;
        this.#strips = create();
        host.append(this.#strips.root);
        come();
      });
  }

  move(position: number): void {
    this.#strips?.move(position);
  }

  mark(selections: (Selection | null)[]): void {
    this.#strips?.mark(selections);
  }

  hit(x: number, y: number): StripHit | null {
    return this.#strips?.hit(x, y) ?? null;
  }

  words(): string | null {
    return this.#strips?.words() ?? null;
  }

  close(): void {
    this.#strips?.close();
    this.#strips = null;
  }
}
