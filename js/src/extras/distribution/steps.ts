// Histograms as lines of steps, on a canvas.
import { type Rgb, rgba } from "../../scale";
import type { Scale } from "../axes";
import type { Bins } from "./bins";
import { heightOf } from "./scene";

/** The outline of counts, from the ground to the ground. */
function trace(brush: CanvasRenderingContext2D, counts: Uint32Array, x: (edge: number) => number, y: Scale) {
  const ground = y.range[0];
  brush.beginPath();
  brush.moveTo(x(0), ground);
  counts.forEach((count, i) => {
    const height = heightOf(y, count);
    brush.lineTo(x(i), height);
    brush.lineTo(x(i + 1), height);
  });
  brush.lineTo(x(counts.length), ground);
}

export interface Looks {
  fill?: string;
  stroke?: Rgb;
  width?: number;
  dashes?: number[];
}

export function drawSteps(
  brush: CanvasRenderingContext2D,
  counts: Uint32Array,
  { edges }: Bins,
  scales: { x: Scale; y: Scale },
  { fill, stroke, width = 1.3, dashes = [] }: Looks,
): void {
  trace(brush, counts, (edge) => scales.x(edges[edge]), scales.y);
  if (fill) {
    brush.fillStyle = fill;
    brush.fill();
  }
  if (!stroke) return;
  brush.strokeStyle = rgba(stroke, 1);
  brush.lineWidth = width;
  brush.setLineDash(dashes);
  brush.stroke();
  brush.setLineDash([]);
}
