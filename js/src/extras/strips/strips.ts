// History strips: one for each link beside the unit that it leads to, a segment for each checkpoint.
import { isLink, isUnit, type SelectedLink, type SelectedUnit, type Selection } from "../../describe";
import { html } from "../../dom";
import { PALETTES, PAPERS } from "../../scale";
import type { Stage, StripHit, Strips } from "../../views/context";
import { Board, type Head, moveHeads, placed, trackOf } from "./board";
import { type Block, type Box, blocksOf, enlarged, type Large } from "./geometry";
import { Kept } from "./kept";
import { scalingOf, tableOf } from "./paint";
import type { UnitStrips } from "./rows";
import { drawBlocks, findIn, type Look, type Span, sharing } from "./sheets";
import css from "./strips.css";
import { stripWords } from "./words";

const SLICE_MS = 8; // of work before the page may do something else
const OFTEN_MS = 250; // between two pictures while there is more to come
const LEAST_MARK = 2; // pixels
const ABOVE = 14; // the groups: as far up as enlarged strips may reach

const isIn = (box: Box, x: number, y: number): boolean =>
  x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;

class HistoryStrips implements Strips {
  readonly #canvas = html("canvas", {});
  readonly #brush = this.#canvas.getContext("2d", { willReadFrequently: true })!;
  readonly #tracks = html("div", {});
  readonly #panel = new Board();
  readonly #marks = html("div", {});
  readonly root = html("div", { class: "nwv-strips", "aria-hidden": "true" });
  readonly #kept = new Kept();
  #stage: Stage | null = null;
  #look: Look | null = null;
  #marked: (Selection | null)[] = [];
  #heads: Head[] = [];
  #large: { strips: UnitStrips; at: Large } | null = null;
  #outlined = "";
  #drawn = ""; // what the canvas is of
  #position = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.root.append(html("style", {}, css), this.#canvas, this.#tracks, this.#panel.root, this.#marks);
  }

  show(stage: Stage): void {
    this.#stage = stage;
    this.#position = stage.context.clock.position;
    this.#kept.update(stage);
    clearTimeout(this.#timer);
    this.#work(Number.NEGATIVE_INFINITY);
  }

  /** Read more of the history, and draw what is known. */
  #work(drawnAt: number): void {
    const isDone = this.#kept.read(this.#stage!, SLICE_MS);
    const now = performance.now();
    const isDue = isDone || now - drawnAt > OFTEN_MS;
    if (isDue) this.#draw();
    if (!isDone) this.#timer = setTimeout(() => this.#work(isDue ? now : drawnAt));
  }

  #draw(): void {
    const { context, links, size, layout } = this.#stage!;
    const { samples, rows } = this.#kept;
    const theme = context.isDark() ? "dark" : "light";
    const isPerCheckpoint = context.options().scale === "checkpoint";
    const scaling = scalingOf(samples, links, isPerCheckpoint);
    const table = tableOf(PALETTES[theme], PAPERS[theme]);
    const before = this.#look?.samples;
    this.#look = { samples, scaling, table, ratio: size.ratio };
    const places = [...layout.places.values()].filter(({ strips }) => strips);
    const where = places.map(({ strips, spacing, unitY }) => [strips, spacing, ...unitY]);
    const key = JSON.stringify([size, theme, samples.version, [...new Set(scaling.domains)], where]);
    if (key !== this.#drawn || before !== samples) {
      this.#canvas.width = Math.round(size.width * size.ratio); // this clears it
      this.#canvas.height = Math.round(size.height * size.ratio);
      for (const strips of rows.units)
        drawBlocks(this.#brush, blocksOf(strips), strips.place.strips!, this.#look);
    }
    this.#drawn = key;
    this.#layTracks();
    this.#enlarge();
    this.#mark();
  }

  /** One line for the playhead crosses all strips of a group. */
  #layTracks(): void {
    this.#heads = [];
    const tracks = [...this.#stage!.layout.places.values()].flatMap(({ strips, group, top, height }) => {
      if (!strips) return [];
      const { track, ...head } = trackOf({ ...strips, y: top, height });
      track.dataset.group = group.id;
      this.#heads.push(head);
      return [track];
    });
    this.#tracks.replaceChildren(...tracks);
    this.move(this.#position);
  }

  move(position: number): void {
    this.#position = position;
    const share = (position + 0.5) / Math.max(1, this.#stage?.context.history.nCheckpoints ?? 1);
    moveHeads([...this.#heads, ...this.#panel.head], share);
  }

  mark(selections: (Selection | null)[]): void {
    const isNew = JSON.stringify(selections[0]) !== JSON.stringify(this.#marked[0]);
    this.#marked = selections;
    if (!this.#look) return;
    if (isNew) this.#enlarge();
    this.#mark();
  }

  #stripsOf({ group, unit }: SelectedUnit): UnitStrips | undefined {
    return this.#kept.rows.units.find(({ place, unit: other }) => place.group.id === group && unit === other);
  }

  /** The unit that a selection is about: its own, or the one that a link leads to. */
  #unitOf(selection: Selection | null): UnitStrips | undefined {
    const { network } = this.#stage!.context;
    if (isUnit(selection)) {
      const group = network.groups.find(({ id }) => id === selection.group);
      return this.#stripsOf({ group: group?.delayed_of ?? selection.group, unit: selection.unit });
    }
    if (!isLink(selection)) return undefined;
    const bundle = network.bundles.find(({ id }) => id === selection.bundle);
    return bundle && this.#stripsOf({ group: bundle.target, unit: selection.target });
  }

  #enlarge(): void {
    const strips = this.#unitOf(this.#marked[0] ?? null);
    const { layout, size } = this.#stage!;
    const room = { top: layout.top - ABOVE, height: size.height };
    const at = strips ? enlarged(strips, room) : null;
    this.#large = strips && at ? { strips, at } : null;
    this.#panel.show(this.#large && { ...this.#large.at, span: strips!.place.strips! }, this.#look!);
    this.move(this.#position);
  }

  /** Where a unit's strips stand now: enlarged, or beside it. */
  #blocksOf(strips: UnitStrips): Block[] {
    return this.#large?.strips === strips ? this.#large.at.blocks : blocksOf(strips);
  }

  #mark(): void {
    const boxes = this.#marked.filter(isLink).flatMap((link) => this.#boxesOf(link));
    const key = JSON.stringify(boxes);
    if (key === this.#outlined) return;
    this.#outlined = key;
    this.#marks.replaceChildren(...boxes.map((box) => placed("nwv-strip-mark", box)));
  }

  /** Where the strip of a link stands, if it has one. */
  #boxesOf(link: SelectedLink): Box[] {
    const strips = this.#unitOf(link);
    if (!strips) return [];
    const { all } = this.#kept.rows;
    return this.#blocksOf(strips).flatMap(({ gate, top, height }) => {
      const i = gate.rows.findIndex((row) => {
        const { bundle, source } = all[row];
        return bundle.id === link.bundle && source === link.source;
      });
      if (i < 0) return [];
      const step = height / gate.rows.length;
      const { x, width } = strips.place.strips!;
      return [{ x, y: top + i * step, width, height: Math.max(LEAST_MARK, step) }];
    });
  }

  hit(x: number, y: number): StripHit | null {
    if (!this.#look || this.#kept.samples.nColumns === 0) return null;
    if (this.#large) {
      const { box, blocks } = this.#large.at;
      if (isIn(box, x, y)) return this.#found(blocks, this.#large.strips.place.strips!, x, y);
    }
    for (const strips of this.#kept.rows.units) {
      const { place, unit } = strips;
      const span = place.strips!;
      if (x < span.x || x > span.x + span.width || Math.abs(y - place.unitY[unit]) > place.spacing / 2)
        continue;
      const blocks = blocksOf(strips);
      const [first, last] = [blocks[0], blocks[blocks.length - 1]];
      if (first && y >= first.top - 1 && y <= last.top + last.height + 1)
        return this.#found(blocks, span, x, y);
    }
    return null;
  }

  #found(blocks: Block[], span: Span, x: number, y: number): StripHit {
    const { row, column } = findIn(blocks, span, this.#look!, [x, y]);
    const { bundle, target, source } = this.#kept.samples.rows[row];
    const link: SelectedLink = { bundle: bundle.id, target, source };
    return { kind: "strip", link, checkpoint: this.#kept.checkpointIn(this.#stage!, row, column) };
  }

  words(): string {
    const { rows, nRanked } = this.#kept;
    const { layout, context } = this.#stage!;
    const shared = rows.units.map((strips) =>
      blocksOf(strips).map((block) => sharing(block, strips.place.strips!, this.#look!)),
    );
    const isSharing = (which: 0 | 1) => shared.flat().some((pair) => pair[which]);
    return stripWords(context.network, layout, rows, {
      hasSharedRows: isSharing(0),
      hasSharedColumns: isSharing(1) || this.#kept.samples.step > 1,
      nRanked,
      nCheckpoints: context.history.nCheckpoints,
    });
  }

  close(): void {
    clearTimeout(this.#timer);
    this.root.remove();
  }
}

export const createStrips = (): Strips => new HistoryStrips();
