// Where the strips of a unit stand: gate below gate, with a thin gap between. Stage pixels; pure.
import type { Gate, UnitStrips } from "./rows";

const SHARE = 0.86; // of the room from unit to unit
const MOST = 10; // of a strip's height
const GAP = { share: 0.12, most: 3 }; // between gates
const LARGE = { most: 10, enough: 6, margin: 8, least: 5, pad: 4, letters: 12 };

/** The strips of one gate. */
export interface Block {
  gate: Gate;
  top: number;
  height: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const countOf = (gates: Gate[]): number => gates.reduce((sum, { rows }) => sum + rows.length, 0);

/** Gates in a height about a middle, each as high as it has strips. */
function stacked(gates: Gate[], middle: number, height: number): Block[] {
  const nGaps = Math.max(0, gates.length - 1);
  const gap = nGaps > 0 ? Math.min(GAP.most, (GAP.share * height) / nGaps) : 0;
  const step = (height - gap * nGaps) / Math.max(1, countOf(gates));
  let top = middle - height / 2;
  return gates.map((gate) => {
    const block = { gate, top, height: step * gate.rows.length };
    top += block.height + gap;
    return block;
  });
}

/** Beside the unit, in the height that it has. */
export function blocksOf({ place, unit, gates }: UnitStrips): Block[] {
  const height = Math.min(SHARE * place.spacing, MOST * countOf(gates) + GAP.most * (gates.length - 1));
  return stacked(gates, place.unitY[unit], height);
}

/** How high one strip of these is. */
export const stepOf = (blocks: Block[]): number =>
  blocks.reduce((sum, { height }) => sum + height, 0) / Math.max(1, countOf(blocks.map(({ gate }) => gate)));

export interface Large {
  box: Box; // with a margin around the strips
  blocks: Block[];
  letters: number; // x of the gates' names; NaN where there are none
}

/** The strips of a unit in focus, over those of its neighbours; null where they are large as they are. */
export function enlarged(strips: UnitStrips, stage: { top: number; height: number }): Large | null {
  const { place, unit, gates } = strips;
  const middle = place.unitY[unit];
  const count = countOf(gates);
  if (!place.strips || count === 0 || !(middle >= 0 && middle <= stage.height)) return null;
  if (stepOf(blocksOf(strips)) >= LARGE.enough) return null;
  const edge = LARGE.margin + LARGE.pad;
  const below = stage.height - stage.top - 2 * edge;
  // What is below the units, as the “1” of the next layer's biases, stays free if that leaves the strips legible.
  const beside = Math.min(below, place.top + place.height - stage.top - edge);
  const room = beside / count >= LARGE.least ? beside : below;
  const height = Math.min(room, LARGE.most * count + GAP.most * (gates.length - 1));
  const [first, last] = [stage.top + edge + height / 2, stage.top + edge + room - height / 2];
  const centre = Math.max(first, Math.min(last, middle));
  const hasLetters = gates.length > 1;
  const { x, width } = place.strips;
  const box = {
    x: x - LARGE.pad,
    y: centre - height / 2 - LARGE.pad,
    width: width + 2 * LARGE.pad + (hasLetters ? LARGE.letters : 0),
    height: height + 2 * LARGE.pad,
  };
  const letters = hasLetters ? x + width + LARGE.pad : Number.NaN;
  return { box, blocks: stacked(gates, centre, height), letters };
}
