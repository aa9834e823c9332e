// Pictures of what units put out, over the stage: one canvas, drawn anew when the checkpoint or the pointed item changes.
import { isUnit, type Selection, unitLabel } from "../describe";
import { html } from "../dom";
import type { BoxSize, Layout, Place } from "../layout";
import { type Network, unitName } from "../network";
import type { Options } from "../options";
import type { GivenOutputs } from "../outputs";
import { formatValue, rgba } from "../scale";
import type { Pictures } from "../views/context";
import { Enlarged } from "./enlarged";
import { MOST_SATURATED, Outputs } from "./outputs";
import css from "./pictures.css";
import { heatColours, inksOf } from "./plot";
import { type Brush, drawMark, UnitPicture } from "./unit";

export interface PicturesContext {
  network: Network;
  options(): Options;
  isDark(): boolean;
  selection(): Selection | null;
}

const CACHE_BYTES = 32e6; // of pictures that are kept

/** A unit's picture where it stands on the stage, in pixels of the stage. */
interface Hung {
  picture: UnitPicture;
  x: number;
  y: number;
}

/** The pictures of a group, which are of one size. */
interface Wall {
  size: BoxSize;
  hung: Hung[];
  place: Place;
}

class StagePictures implements Pictures {
  readonly #outputs: Outputs;
  readonly #context: PicturesContext;
  readonly #canvas = html("canvas", { class: "nwv-pictures", "aria-hidden": "true" });
  readonly #brush = this.#canvas.getContext("2d", { willReadFrequently: true })!;
  readonly #score = html("div", "nwv-score");
  readonly #style = html("style", {}, css);
  readonly #known = new Map<string, UnitPicture>();
  #walls: Wall[] = [];
  readonly #cache = new Map<number, ImageData[]>(); // by row of blocks
  #ratio = 1;
  #row = -1;
  #pointed: { item: number; position: number } | null = null;
  #enlarged: Enlarged | null = null;

  constructor(outputs: Outputs, stage: HTMLElement, context: PicturesContext) {
    this.#outputs = outputs;
    this.#context = context;
    stage.append(this.#style, this.#canvas, this.#score);
  }

  #pictureOf(group: string, unit: number): UnitPicture {
    const isNormalised = this.#context.options().pictures === "normalised";
    const key = `${group}\n${unit}\n${isNormalised}`;
    const known = this.#known.get(key) ?? new UnitPicture(this.#outputs, group, unit, isNormalised);
    this.#known.set(key, known);
    return known;
  }

  place(layout: Layout, size: { width: number; height: number; ratio: number }, checkpoint: number): void {
    this.#cache.clear();
    this.#ratio = size.ratio;
    this.#canvas.width = Math.max(1, Math.round(size.width * size.ratio));
    this.#canvas.height = Math.max(1, Math.round(size.height * size.ratio));
    this.#walls = [...layout.places.values()].flatMap((place) => {
      const { outputs: box, group, x, unitY } = place;
      if (!box || !this.#outputs.has(group.id)) return [];
      const hung = Array.from(unitY, (y, unit) => ({
        picture: this.#pictureOf(group.id, unit),
        x: Math.round(x - box.width / 2),
        y: Math.round(y - box.height / 2),
      }));
      return [{ size: box, hung, place }];
    });
    this.draw(checkpoint);
  }

  /** What the pictures are drawn with, `scale` device pixels to a pixel. */
  #tools(scale: number): Brush {
    const inks = inksOf(this.#context.isDark() ? "dark" : "light");
    return { inks, heat: heatColours(inks), dot: Math.max(2, Math.round(2 * scale)) };
  }

  draw(checkpoint: number): void {
    this.#row = this.#outputs.rowOf(checkpoint);
    this.#paint();
    this.#tellScore();
    this.#enlarged?.draw(this.#row, this.#tools(2), this.#pointed);
  }

  #paint(): void {
    const { width, height } = this.#canvas;
    const [brush, ratio, row] = [this.#brush, this.#ratio, this.#row];
    brush.clearRect(0, 0, width, height);
    if (row < 0) return;
    const tools = this.#tools(ratio);
    const images = this.#imagesOf(row, tools);
    let i = 0;
    for (const { hung } of this.#walls)
      for (const { picture, x, y } of hung) {
        const [left, top, image] = [Math.round(x * ratio), Math.round(y * ratio), images[i++]];
        if (left > width || top > height || left + image.width < 0 || top + image.height < 0) continue;
        brush.putImageData(image, left, top);
        const box = { width: image.width, height: image.height };
        this.#mark(picture, left, top, box, tools);
      }
  }

  /** The pictures at a row of blocks, which are kept for the next round as far as there is room. */
  #imagesOf(row: number, tools: Brush): ImageData[] {
    const known = this.#cache.get(row);
    if (known) return known;
    let nBytes = 0;
    const images = this.#walls.flatMap(({ size, hung }) =>
      hung.map(({ picture }) => {
        const [width, height] = [size.width, size.height].map((length) => Math.round(length * this.#ratio));
        const image = new ImageData(width, height);
        picture.draw({ width, height, pixels: new Uint32Array(image.data.buffer) }, row, tools);
        nBytes += image.data.length;
        return image;
      }),
    );
    this.#cache.set(row, images);
    for (const oldest of this.#cache.keys())
      if (this.#cache.size > 1 && this.#cache.size * nBytes > CACHE_BYTES) this.#cache.delete(oldest);
    return images;
  }

  /** Crossed out where the unit is dead, a corner where it is saturated; and the item that is pointed at. */
  #mark(
    picture: UnitPicture,
    left: number,
    top: number,
    { width, height }: BoxSize,
    { inks, dot }: Brush,
  ): void {
    const [brush, row] = [this.#brush, this.#row];
    const { group, unit } = picture;
    brush.strokeStyle = brush.fillStyle = rgba(inks.palette.unsigned, 0.85);
    brush.lineWidth = Math.max(1, this.#ratio);
    brush.beginPath();
    if (this.#outputs.isDead(group, unit, row)) {
      brush.moveTo(left, top);
      brush.lineTo(left + width, top + height);
      brush.moveTo(left + width, top);
      brush.lineTo(left, top + height);
      brush.stroke();
    } else if (this.#outputs.saturated(group, unit, row) > MOST_SATURATED) {
      const side = Math.min(width, height) * 0.3;
      brush.moveTo(left + width - side, top);
      brush.lineTo(left + width, top);
      brush.lineTo(left + width, top + side);
      brush.fill();
    }
    const place = this.#pointed && picture.placeOf({ width, height }, row, this.#pointed.item, dot);
    if (!place) return;
    const at = { x: left + place.x, y: top + place.y, width, height: place.height, radius: 2.2 * dot };
    drawMark(brush, at, inks, this.#ratio);
  }

  /** The error of the prediction, below its column. */
  #tellScore(): void {
    const { prediction, loss_name, task } = this.#outputs.index;
    const wall = this.#walls.find(({ place }) => place.group.id === prediction);
    const name = task === "regression" || !("accuracy" in this.#outputs.index.scores) ? "loss" : "accuracy";
    const scores = this.#row < 0 ? [] : this.#outputs.score(name, this.#row);
    this.#score.hidden = !wall || scores.length === 0;
    if (!wall || this.#score.hidden) return;
    const short = loss_name === "mean squared error" ? "MSE" : (loss_name ?? "loss");
    const what = name === "accuracy" ? "accuracy" : short;
    const told = scores.map(([split, value]) =>
      html("div", split === "test" ? "nwv-key-test" : "", `${split} ${formatValue(value)}`),
    );
    this.#score.replaceChildren(html("div", {}, what), ...told);
    const last = Math.max(...wall.hung.map(({ y }) => y)) + wall.size.height;
    this.#score.style.left = `${wall.place.x}px`;
    this.#score.style.top = `${Math.min(last + 6, this.#canvas.height / this.#ratio - 44)}px`;
  }

  point(x: number, y: number): void {
    const before = JSON.stringify(this.#pointed);
    this.#pointed = this.#itemAt(x, y);
    if (JSON.stringify(this.#pointed) !== before) this.#show();
  }

  #itemAt(x: number, y: number): { item: number; position: number } | null {
    if (this.#row < 0) return null;
    for (const { size, hung } of this.#walls)
      for (const { picture, x: left, y: top } of hung) {
        if (x < left || y < top || x >= left + size.width || y >= top + size.height) continue;
        const found = picture.at(size, this.#row, x - left, y - top, 2);
        return found.item < 0 ? null : found;
      }
    return null;
  }

  #show(): void {
    this.#paint();
    this.#enlarged?.draw(this.#row, this.#tools(2), this.#pointed);
  }

  words(): string | null {
    if (this.#walls.length === 0) return null;
    const { index, nItems } = this.#outputs;
    if (this.#row < 0) {
      const known = index.checkpoints.filter((k) => k !== null).map((k) => k + 1);
      return `no outputs at this checkpoint: the probe was run at ${known[0]} to ${known.at(-1)}`;
    }
    const isNormalised = this.#context.options().pictures === "normalised";
    const ranges = isNormalised ? ", each on its own range" : "";
    const parts = [`pictures: outputs of ${nItems} items${ranges}`, ...this.#idleWords()];
    return parts.join(" · ");
  }

  /** How many units are dead or saturated, of all that outputs are known of; also 0, so that nothing moves in playing. */
  #idleWords(): string[] {
    let [n, nDead, nSaturating, nSaturated] = [0, 0, 0, 0];
    for (const group of Object.keys(this.#outputs.index.groups))
      for (let unit = 0; unit < this.#outputs.nUnits(group); unit++) {
        const share = this.#outputs.saturated(group, unit, this.#row);
        n++;
        if (this.#outputs.isDead(group, unit, this.#row)) nDead++;
        if (!Number.isNaN(share)) nSaturating++;
        if (share > MOST_SATURATED) nSaturated++;
      }
    const dead = `${nDead} of ${n} units dead (crossed out: 0 for every item)`;
    const saturated = `${nSaturated} of ${nSaturating} saturated (corner marked: most outputs)`;
    return nSaturating > 0 ? [dead, saturated] : [dead];
  }

  noteOf(selection: Selection): string | null {
    if (!isUnit(selection) || !this.#outputs.has(selection.group) || this.#row < 0) return null;
    const { group, unit } = selection;
    if (unit >= this.#outputs.nUnits(group)) return null;
    const share = this.#outputs.saturated(group, unit, this.#row);
    const { saturation } = this.#outputs.group(group);
    const isSelected = JSON.stringify(this.#context.selection()) === JSON.stringify(selection); // it tells by itself
    const pointed = isSelected ? null : this.#pointed;
    const parts = [
      pointed && this.#pictureOf(group, unit).words(this.#row, pointed.item, pointed.position),
      this.#outputs.isDead(group, unit, this.#row) && "dead: it puts out 0 for every item of the probe",
      share > 0 && `saturated (${saturation}) in ${Math.max(1, Math.round(100 * share))} % of its outputs`,
    ];
    return parts.filter(Boolean).join(" · ") || null;
  }

  enlarged(selection: Selection): HTMLElement | null {
    this.#enlarged = null;
    if (!isUnit(selection) || !this.#outputs.has(selection.group)) return null;
    const { group, unit } = selection;
    if (unit >= this.#outputs.nUnits(group)) return null;
    const point = (pointed: { item: number; position: number } | null) => {
      this.#pointed = pointed;
      this.#show();
    };
    const label = unitLabel(this.#context.network, group, unit);
    this.#enlarged = new Enlarged(this.#outputs, this.#pictureOf(group, unit), label, point);
    this.#enlarged.draw(this.#row, this.#tools(2), this.#pointed);
    return this.#enlarged.element;
  }

  destroy(): void {
    for (const element of [this.#style, this.#canvas, this.#score]) element.remove();
  }
}

/** Decode what a probe found, and hang it over a stage. */
export const createPictures = async (
  given: GivenOutputs,
  stage: HTMLElement,
  context: PicturesContext,
): Promise<Pictures> => {
  const outputs = await Outputs.open(given);
  const group = context.network.groups.find(({ id }) => id === given.index.prediction);
  if (outputs.isOfClasses && group && group.n_units > 1)
    outputs.classNames = Array.from({ length: group.n_units }, (_, unit) => unitName(group, unit));
  return new StagePictures(outputs, stage, context);
};
