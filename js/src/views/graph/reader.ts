// What a reader's presses and keys do: select, walk, unfold gates and lanes, open and close blocks.
import type { Bands } from "../../bands";
import { isLink, isUnit, type SelectedUnit, type Selection, unitLinks } from "../../describe";
import type { Block } from "../../hierarchy";
import { type Layout, ticksOnStage } from "../../layout";
import type { ViewContext } from "../context";
import { nextFold } from "./fold";
import type { Links } from "./links";
import type { Opened } from "./opened";
import type { Hit } from "./pick";
import { type Direction, nextRow, nextUnit } from "./walk";

/** The diagram as it is at the moment. */
export interface Diagram {
  readonly context: ViewContext;
  readonly opened: Opened;
  readonly bands: Bands;
  readonly layout: Layout;
  readonly links: Links;
  readonly size: { width: number };
  named(hit: Hit | null): Selection | null;
  reveal(group: string, unit: number | null): void;
  /** Nothing is pointed at any more. */
  leave(): void;
}

const SIDE_PX = 30; // a column this near to the edge of the stage is not in sight

export class Reader {
  readonly #diagram: () => Diagram;
  #walkedFrom: SelectedUnit | null = null;

  constructor(diagram: () => Diagram) {
    this.#diagram = diagram;
  }

  click(hit: Hit | null): void {
    const { opened, bands, layout, context } = this.#diagram();
    const box = hit?.kind === "unit" ? opened.boxed(hit.group) : null;
    const band = hit?.kind === "unit" || hit?.kind === "pixel" ? bands.bandOf(hit.group, hit.unit) : null;
    if (band) this.#openBand(band.group, band.band);
    else if (hit?.kind === "band") this.#openBand(hit.group, -1);
    else if (hit?.kind === "frame") this.close(hit.block);
    else if (box && opened.openable.has(box)) this.open(box);
    else if (hit?.kind === "tile") this.#unfold(hit.group, hit.port);
    else if (hit?.kind === "fold") this.#unfold(hit.group, layout.places.get(hit.group)!.form === "folded");
    else if (hit?.kind === "strip") {
      context.clock.seek(hit.checkpoint);
      context.select(hit.link);
    } else {
      const selection = this.#diagram().named(hit);
      const same = JSON.stringify(selection) === JSON.stringify(context.selection());
      context.select(same ? null : selection);
    }
  }

  /** Open a closed block where it stands, or close one; the selection goes with it. */
  open(block: Block | null): boolean {
    const { opened, layout, context } = this.#diagram();
    if (!block || !opened.openable.has(block)) return false;
    const inside = opened.open(block, layout);
    if (context.selection()) context.select(inside);
    return true;
  }

  close(block: Block | null): boolean {
    const { opened, layout, context } = this.#diagram();
    if (!block) return false;
    opened.close(block, layout);
    if (context.selection()) context.select({ block: block.name });
    return true;
  }

  /** Open a band of a group; -1 folds them all. */
  #openBand(group: string, band: number): void {
    const { context, leave } = this.#diagram();
    leave(); // what was there is no longer
    const { [group]: _, ...others } = context.options().open_bands;
    context.setOptions({ open_bands: band < 0 ? others : { ...others, [group]: band } });
  }

  #unfold(group: string, port: string | boolean): void {
    const { context } = this.#diagram();
    context.setOptions({ unfolded: { ...context.options().unfolded, [group]: port } });
  }

  turn(what: "gate" | "lane"): void {
    const { layout, context } = this.#diagram();
    const next = nextFold(layout, context.selection(), what);
    if (next) this.#unfold(next.group, next.to);
  }

  move(direction: Direction): void {
    const { opened, layout, context, size } = this.#diagram();
    const selection = opened.standing(context.selection());
    const from = isLink(selection) && this.#walkedFrom ? this.#walkedFrom : selection;
    const next = nextUnit(layout, from, direction);
    if (!isUnit(next)) return;
    context.select(opened.named(next));
    const { x } = layout.places.get(next.group)!;
    if (x < SIDE_PX || x > size.width - SIDE_PX) this.#diagram().reveal(next.group, null);
  }

  /** From a unit to its strongest link, and on through the others. */
  nextLink(by: 1 | -1): void {
    const { context, links, layout } = this.#diagram();
    const selection: Selection | null = context.selection();
    if (isUnit(selection)) this.#walkedFrom = selection;
    if (!this.#walkedFrom) return;
    const { group, unit } = this.#walkedFrom;
    const portraits = [...layout.places.values()].flatMap(({ exhibit }) => exhibit?.bundle ?? []);
    const shown = [...links.bundles, ...portraits, ...ticksOnStage(layout)].filter((bundle) =>
      links.isShown(bundle),
    );
    const rows = unitLinks(shown, context.history, group, unit, context.clock.checkpoint);
    context.select(nextRow(rows, selection, by));
  }
}
