// The picture of one unit's outputs in any size: what its axes are, what is in it, which item is at a point. No DOM.
import { formatValue, rgba } from "../scale";
import type { Kind, Outputs, Range } from "./outputs";
import {
  type Dots,
  dotsOf,
  drawDots,
  drawHeat,
  drawPaper,
  type Inks,
  nearestDot,
  type Plot,
  placeOf,
  type Sheet,
} from "./plot";

interface Size {
  width: number;
  height: number;
}

/** What is drawn with. */
export interface Brush {
  inks: Inks;
  heat: Uint32Array; // the colours of heat maps
  dot: number; // the side of a dot, in pixels
}

/** Mark the item that is pointed at: a ring about its dot, or a frame about its row, on a halo of paper. */
export function drawMark(
  brush: CanvasRenderingContext2D,
  { x, y, width, height, radius }: { x: number; y: number; width: number; height: number; radius: number },
  { paper, ink }: Inks,
  thickness: number,
): void {
  for (const [colour, n] of [[paper, 3.5] as const, [ink, 1.5] as const]) {
    brush.strokeStyle = rgba(colour, 1);
    brush.lineWidth = n * thickness;
    brush.beginPath();
    if (height > 0) brush.rect(x, y - thickness, width, height + 2 * thickness);
    else brush.arc(x, y, radius, 0, 2 * Math.PI);
    brush.stroke();
  }
}

export class UnitPicture {
  readonly group: string;
  readonly unit: number;
  readonly kind: Kind;
  readonly x: Range;
  readonly y: Range;
  readonly domain: number; // of a heat map's colours
  readonly #outputs: Outputs;
  readonly #nUnits: number;
  #dots: { row: number; dots: Dots } | null = null;

  constructor(outputs: Outputs, group: string, unit: number, isNormalised: boolean) {
    this.#outputs = outputs;
    this.group = group;
    this.unit = unit;
    this.kind = outputs.kindOf(group);
    this.#nUnits = outputs.nUnits(group);
    const isPrediction = this.kind === "prediction";
    this.y = outputs.range(group, isNormalised || isPrediction ? unit : null);
    this.domain = Math.max(Math.abs(this.y[0]), Math.abs(this.y[1]));
    this.x = outputs.targetRange(isPrediction ? unit : -1);
  }

  #sheet(row: number): Sheet {
    const { positions, rows } = this.#outputs.group(this.group);
    const values = this.#outputs.values(this.group, row);
    const nRows = rows?.length ?? this.#outputs.nItems;
    return { values, nRows, nPositions: positions.length, nUnits: this.#nUnits, unit: this.unit };
  }

  #target = (item: number): number => {
    const ownTarget = this.kind === "prediction" && !this.#outputs.isOfClasses;
    return this.#outputs.target(item, ownTarget ? this.unit : -1);
  };

  #dotsAt(row: number): Dots {
    if (this.#dots?.row !== row) {
      const dots = dotsOf(this.#outputs, this.#sheet(row), this, this.#target);
      this.#dots = { row, dots };
    }
    return this.#dots.dots;
  }

  draw(plot: Plot, row: number, { inks, heat, dot }: Brush): void {
    if (this.kind === "heat") drawHeat(plot, this.#sheet(row), this.domain || 1, heat);
    else {
      drawPaper(plot, inks, this.#lines());
      drawDots(plot, this.#dotsAt(row), this.#outputs, inks, dot);
    }
  }

  /** Where a prediction is right, or where an output is 0: as shares of the picture. */
  #lines(): [number, number, number, number][] {
    const share = (value: number, [low, high]: Range) => (value - low) / (high - low);
    const { x, y } = this;
    if (this.kind === "prediction" && !this.#outputs.isOfClasses)
      return [[0, share(x[0], y), 1, share(x[1], y)]];
    return y[0] < 0 && y[1] > 0 ? [[0, share(0, y), 1, share(0, y)]] : [];
  }

  /** The item at a point of the picture, and of a heat map the position; -1 where there is none. */
  at(size: Size, row: number, x: number, y: number, dot: number): { item: number; position: number } {
    if (this.kind !== "heat")
      return { item: nearestDot(this.#dotsAt(row), size, x, y, dot / 2), position: 0 };
    const { nRows, nPositions } = this.#sheet(row);
    const inside = (share: number, n: number) => Math.max(0, Math.min(n - 1, Math.floor(share * n)));
    const item = this.#outputs.itemAt(this.group, inside(y / size.height, nRows));
    return { item, position: inside(x / size.width, nPositions) };
  }

  /** Where an item is in the picture: the middle of its dot, or its row; null where it is not in it. */
  placeOf(
    size: Size,
    row: number,
    item: number,
    dot: number,
  ): { x: number; y: number; height: number } | null {
    if (this.kind !== "heat") {
      const [x, y] = placeOf(this.#dotsAt(row), item, size, dot / 2);
      return { x, y, height: 0 };
    }
    const { rows } = this.#outputs.group(this.group);
    const at = rows ? rows.indexOf(item) : item;
    const height = size.height / (rows?.length ?? this.#outputs.nItems);
    return at < 0 ? null : { x: 0, y: at * height, height };
  }

  /** An item's numbers: "test item 5: target 0.31, output −1.2 at time step 3". */
  words(row: number, item: number, position: number): string {
    const { values, nPositions, nUnits } = this.#sheet(row);
    const outputs = this.#outputs;
    const { rows, positions, how } = outputs.group(this.group);
    const at = rows ? rows.indexOf(item) : item;
    const about = outputs.isExact(this.group) ? "" : "≈ ";
    const step = how === "calls" ? "call" : "time step";
    const where = nPositions > 1 ? ` at ${step} ${positions[position] + 1}` : "";
    const told =
      at < 0 ? "not in this picture" : formatValue(values[(at * nPositions + position) * nUnits + this.unit]);
    const target = outputs.hasTargets
      ? `${outputs.targetWords(this.kind === "prediction")} ${outputs.targetName(this.#target(item))}, `
      : "";
    return `${outputs.itemWords(item)}: ${target}${this.yWords} ${at < 0 ? "" : about}${told}${where}`;
  }

  /** What the vertical axis (or the colour) is of. */
  get yWords(): string {
    if (this.kind !== "prediction") return "output";
    return this.#outputs.isOfClasses ? "probability" : "prediction";
  }
}
