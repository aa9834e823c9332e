// Portraits on the stage: which units come first (fixed over playback), where their pictures hang, what is in them.
import { isLink, isUnit, type Selection } from "../../describe";
import type { Ticks, Tile } from "../../images/plan";
import type { Layout, Picture, Place } from "../../layout";
import { type Group, type Network, unitName } from "../../network";
import { type Exhibit, gridWords, IDLE_WORDS, type Idle, type Portrayed, portrayed } from "../../portraits";
import type { ViewContext } from "../context";
import type { Focus } from "./focus";
import { type Links, withReduce } from "./links";

const UNCHANGED = 1e-6; // of the largest weight
const FRAME = 1.5; // pixels that the frames above and below a tick take of the room between them

export class Gallery {
  readonly #known = new Map<string, { exhibit: Exhibit; checkpoint: number }>();
  #source = "";

  /** The layers that are shown as portraits now; their ranking is made once, of the last checkpoint then. */
  exhibits({ network, history, options }: ViewContext): Map<string, Exhibit> {
    const shown = new Map<string, Exhibit>();
    const last = history.nCheckpoints - 1;
    const [first] = history.peers; // of several runs: the same units first in all of them
    const source = `${history.name} ${history.revision} ${first.revision}`;
    if (this.#source !== source) this.#known.clear();
    this.#source = source;
    if (!options().portraits || !history.hasValues) return shown;
    for (const [group, about] of portrayed(network)) {
      const known = this.#known.get(group);
      if (known) shown.set(group, { ...known.exhibit, ...about });
      else {
        const sizes = history.isHere(last)
          ? strengths({ network, history, options }, group, about, last)
          : null;
        const order = Array.from({ length: about.bundle.shape[0] }, (_, unit) => unit);
        const end = first.nCheckpoints - 1;
        const isOwn = first.name === history.name || !first.isHere(end);
        const ranks = isOwn ? sizes : strengths({ network, history: first, options }, group, about, end);
        if (ranks) order.sort((a, b) => ranks[b] - ranks[a] || a - b);
        const idle = sizes ? idleUnits({ history }, about, sizes, last) : new Map<number, Idle>();
        const exhibit = { ...about, ranked: Int32Array.from(order), idle };
        if (sizes) this.#known.set(group, { exhibit, checkpoint: last });
        shown.set(group, exhibit);
      }
    }
    return shown;
  }

  /** For the caption. */
  words(layout: Layout, network: Network): string | null {
    const parts = [...this.#known].flatMap(([group, { exhibit, checkpoint }]) => {
      const place = layout.places.get(group);
      if (place?.form !== "portraits") return [];
      const { label } = network.groups.find(({ id }) => id === group)!;
      const portraits = `${label || group}: portraits of incoming weights, strongest first at checkpoint ${checkpoint + 1}`;
      return portraits + idleWords(exhibit);
    });
    return parts.join(" · ") || null;
  }
}

/** For the summary: which layers are portraits, and which of their units come first. */
export function portraitSummary(layout: Layout): string {
  const told = [...layout.places.values()].flatMap(({ exhibit, group }) => {
    if (!exhibit) return [];
    const first = Array.from(exhibit.ranked.subarray(0, 5), (unit) => unitName(group, unit));
    const what = `portraits, images (${gridWords(exhibit.grid)}) of the weights into its units`;
    return `${group.label || group.id} is shown as ${what}${idleWords(exhibit)}; strongest first: ${first.join(", ")}.`;
  });
  return told.join(" ");
}

/** ", dashed: 1 dead, 6 unchanged since checkpoint 1" */
function idleWords({ idle }: Exhibit): string {
  const count = (kind: Idle) => [...idle.values()].filter((other) => other === kind).length;
  const [nDead, nUnchanged] = [count("dead"), count("unchanged")];
  const parts = [
    nDead > 0 && `${nDead} dead`,
    nUnchanged > 0 && `${nUnchanged} unchanged since checkpoint 1`,
  ];
  return idle.size > 0 ? `, dashed: ${parts.filter(Boolean).join(", ")}` : "";
}

/** |incoming| times |outgoing| (where there are any), Euclidean norms, (n_units,). */
function strengths(
  { network, history, options }: Pick<ViewContext, "network" | "history" | "options">,
  group: string,
  { bundle }: Portrayed,
  k: number,
): Float64Array {
  const norms = (isIncoming: boolean): Float64Array | null => {
    const bundles = isIncoming ? [bundle] : network.bundles.filter((b) => b.source === group);
    const sums = new Float64Array(bundle.shape[0]);
    for (const raw of bundles) {
      const b = withReduce(raw, options());
      const values = new Float32Array(b.shape[0] * b.shape[1]);
      if ((b.blocks ?? 1) > 1 || !history.bundle(b, k, values)) continue;
      values.forEach((value, i) => {
        const unit = isIncoming ? Math.floor(i / b.shape[1]) : i % b.shape[1];
        if (Number.isFinite(value)) sums[unit] += value * value;
      });
    }
    return bundles.length > 0 ? sums.map(Math.sqrt) : null;
  };
  const [incoming, outgoing] = [norms(true)!, norms(false)];
  return incoming.map((size, unit) => size * (outgoing ? outgoing[unit] : 1));
}

function idleUnits(
  { history }: Pick<ViewContext, "history">,
  { bundle }: Portrayed,
  sizes: Float64Array,
  last: number,
): Map<number, Idle> {
  const [nTarget, nSource] = bundle.shape;
  const idle = new Map<number, Idle>();
  const [before, after] = [new Float32Array(nTarget * nSource), new Float32Array(nTarget * nSource)];
  const isKnown = last > 0 && history.isHere(0) && history.bundle(bundle, 0, before);
  history.bundle(bundle, last, after);
  for (let j = 0; j < nTarget; j++) {
    const row = after.subarray(j * nSource, (j + 1) * nSource);
    const largest = row.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (sizes[j] === 0) idle.set(j, "dead");
    else if (
      isKnown &&
      row.every((value, i) => Math.abs(value - before[j * nSource + i]) <= UNCHANGED * largest)
    )
      idle.set(j, "unchanged");
  }
  return idle;
}

/** Whether a group is an image, or has portraits; also where lines are shown instead, all of its units are. */
export function isPictured({ network }: Pick<ViewContext, "network">, group: Group): boolean {
  const all = portrayed(network);
  return all.has(group.id) || [...all.values()].some(({ source }) => source === group.id);
}

/** What is in the pictures at checkpoint k: of each unit, and of the image itself the unit in focus or all of them. */
export function pictureTiles(layout: Layout, links: Links, k: number, focus: Focus | null): Tile[] {
  const tiles: Tile[] = [];
  for (const place of layout.places.values()) {
    const { exhibit } = place;
    if (place.form !== "portraits" || !exhibit) continue;
    const [nTarget, nSource] = exhibit.bundle.shape;
    const values = new Float32Array(nTarget * nSource);
    if (!links.evaluate(exhibit.bundle, k, values)) values.fill(Number.NaN);
    const domain = links.domain(exhibit.bundle, k);
    const { channels, rows, columns } = exhibit.grid;
    const signed = links.isSigned(exhibit.bundle);
    const cut = (row: Float32Array, channel: number) =>
      row.subarray(channel * rows * columns, (channel + 1) * rows * columns);
    for (const { unit, x, y, width, height } of place.pictures) {
      const row = values.subarray(unit * nSource, (unit + 1) * nSource);
      const kernels = Array.from({ length: channels }, (_, c) => ({ columns, values: cut(row, c), domain }));
      tiles.push({ x, y, width, height, rows, kernels, signed });
    }
    const focused =
      focus?.units.find(({ group }) => group === place.group.id)?.unit ??
      (focus?.link?.bundle === exhibit.bundle.id ? focus.link.target : -1);
    const isOne = focused >= 0;
    const whole = isOne ? values.subarray(focused * nSource, (focused + 1) * nSource) : rms(values, nSource);
    for (const { unit, ...box } of layout.places.get(exhibit.source)?.pictures ?? [])
      tiles.push({
        ...box,
        rows,
        kernels: [{ columns, values: cut(whole, unit), domain }],
        signed: signed && isOne,
      });
  }
  return tiles;
}

/** Where the `i`-th of `n` ticks of portraits is drawn: below each picture, as wide as it at the domain. */
export function ticksBelow(place: Place, i = 0, n = 1): Pick<Ticks, "x" | "y" | "length" | "thickness">[] {
  const ofSide = new Map<number, { x: Float32Array; y: Float32Array; thickness: number }>();
  for (const { unit, x, y, width, height } of place.pictures) {
    const none = () => new Float32Array(place.unitY.length).fill(Number.NaN);
    const isStaggered = place.halfWidth > width; // then the line of the next one runs below it
    const room = place.spacing - height / (isStaggered ? 2 : 1) - FRAME;
    const thickness = Math.min(2, 0.08 * height, Math.max(0.5, room)) / n;
    const ticks = ofSide.get(width) ?? { x: none(), y: none(), thickness };
    ticks.x[unit] = x + width / 2;
    ticks.y[unit] = y + height + i * thickness + (thickness + Math.min(1, thickness)) / 2;
    ofSide.set(width, ticks);
  }
  return [...ofSide].map(([width, ticks]) => ({ ...ticks, length: width / 2 }));
}

/** What is known of a unit beyond its weights: its rank, or that it is idle; of a pixel, where it is. */
export function noteOf({ places }: Layout, selection: Selection): string | null {
  const place = isUnit(selection) ? places.get(selection.group) : undefined;
  if (!place || !isUnit(selection)) return null;
  const { exhibit, grid, group } = place;
  const { unit } = selection;
  if (exhibit) {
    const idle = exhibit.idle.get(unit);
    const rank = exhibit.ranked.indexOf(unit) + 1;
    const words = [`${rank} of ${group.n_units} by strength`, idle && IDLE_WORDS[idle]];
    return words.filter(Boolean).join(" · ");
  }
  if (!grid) return null;
  const { channels, rows, columns, isGuessed } = grid;
  const channel = channels > 1 ? `channel ${Math.floor(unit / (rows * columns)) + 1}, ` : "";
  const words = `${channel}row ${(Math.floor(unit / columns) % rows) + 1}, column ${(unit % columns) + 1}`;
  return isGuessed ? `${words} (of a guessed grid)` : words;
}

/** Some weight of the unit whose portrait is selected: pixels of the image stand for the others. */
export function portrayedBy(layout: Layout, selection: Selection | null): Selection | null {
  for (const { exhibit, group } of layout.places.values()) {
    if (!exhibit) continue;
    const { id } = exhibit.bundle;
    if (isUnit(selection) && selection.group === group.id)
      return { bundle: id, target: selection.unit, source: 0 };
    if (isLink(selection) && selection.bundle === id) return selection;
  }
  return null;
}

/** The root mean square of each input's weights, (n_source,). */
function rms(values: Float32Array, nSource: number): Float32Array {
  const sums = new Float32Array(nSource);
  for (let i = 0; i < values.length; i++) sums[i % nSource] += values[i] ** 2;
  return sums.map((sum) => Math.sqrt(sum / (values.length / nSource)));
}

/** The unit whose picture is at a point of the stage; of an image, the pixel's. */
export function unitInPicture(
  place: Place,
  grid: { rows: number; columns: number } | null,
  x: number,
  y: number,
): number {
  const isIn = (box: Picture) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
  const picture = place.pictures.find(isIn);
  if (!picture) return -1;
  if (place.form === "portraits" || !grid) return picture.unit;
  const row = Math.floor(((y - picture.y) / picture.height) * grid.rows);
  const column = Math.floor(((x - picture.x) / picture.width) * grid.columns);
  return picture.unit * grid.rows * grid.columns + row * grid.columns + column;
}
