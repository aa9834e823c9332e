// Strips on a canvas, and which link and checkpoint is at a place of them.
import type { Block } from "./geometry";
import { paint, type Scaling, shownIn, type tableOf } from "./paint";
import { type Part, partsOf } from "./parts";
import type { Samples } from "./samples";

export interface Look {
  samples: Samples;
  scaling: Scaling;
  table: ReturnType<typeof tableOf>;
  ratio: number; // device pixels to a stage pixel
}

/** Where a block's strips are on a canvas whose corner is at (left, top) of the stage, in device pixels. */
interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Span {
  x: number;
  width: number;
}

const edges = (from: number, to: number, ratio: number): [number, number] => {
  const start = Math.round(from * ratio);
  return [start, Math.max(1, Math.round(to * ratio) - start)];
};

function rectOf({ top, height }: Block, span: Span, ratio: number): Rect {
  const [x, width] = edges(span.x, span.x + span.width, ratio);
  const [y, rows] = edges(top, top + height, ratio);
  return { x, y, width, height: rows };
}

/** Draw blocks of strips; those beyond the canvas cost nothing. */
export function drawBlocks(
  brush: CanvasRenderingContext2D,
  blocks: Block[],
  span: Span,
  { samples, scaling, table, ratio }: Look,
  corner: { x: number; y: number } = { x: 0, y: 0 },
): void {
  const { canvas } = brush;
  for (const block of blocks) {
    const rect = rectOf(block, span, ratio);
    const [x, y] = [rect.x - Math.round(corner.x * ratio), rect.y - Math.round(corner.y * ratio)];
    if (x > canvas.width || y > canvas.height || x + rect.width < 0 || y + rect.height < 0) continue;
    const { pixels, width, height } = paint(samples, scaling, block.gate.rows, { ...rect, table });
    brush.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), x, y);
  }
}

/** Whether several links, or several columns, of a block share a pixel. */
export function sharing(
  block: Block,
  span: Span,
  { samples, ratio }: Look,
): [rows: boolean, columns: boolean] {
  const { width, height } = rectOf(block, span, ratio);
  return [block.gate.rows.length > height, samples.nColumns > width];
}

const partAt = (parts: Part[], px: number): Part =>
  parts.find(({ stop }) => px < stop) ?? parts[parts.length - 1];

/** The row and the column that show at a place of the stage, in the nearest of these blocks. */
export function findIn(
  blocks: Block[],
  span: Span,
  { samples, scaling, ratio }: Look,
  [x, y]: [number, number],
): { row: number; column: number } {
  const away = ({ top, height }: Block) => Math.max(top - y, y - top - height, 0);
  const block = blocks.reduce((best, other) => (away(other) < away(best) ? other : best));
  const rect = rectOf(block, span, ratio);
  const { rows } = block.gate;
  const down = partAt(partsOf(rows.length, rect.height), y * ratio - rect.y);
  const across = partAt(partsOf(samples.nColumns, rect.width), x * ratio - rect.x);
  return shownIn(samples, scaling, rows, [down, across]);
}
