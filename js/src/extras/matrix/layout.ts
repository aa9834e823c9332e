// The place of a matrix on its figure: the room of its names, the size of its cells, zoom and panning. Pure.
import type { Box } from "../axes";
import { Axis, type Span } from "./place";

/** Factor and offset of the cells from the corner of their window, in CSS pixels. */
export interface Zoom {
  k: number;
  x: number;
  y: number;
}

export const WHOLE: Zoom = { k: 1, x: 0, y: 0 };

const MOST = { width: 84, height: 48 }; // of a cell
const GAPS = { columns: 10, rows: 6 };
const LARGEST = 48; // CSS pixels of the smaller side of a cell, zoomed in

export interface Room {
  width: number;
  height: number;
  left: number; // of names
  top: number;
  right: number; // of codes
  bottom: number;
}

export interface Placed {
  box: Box; // the window of the cells
  rows: Axis;
  columns: Axis;
  zoom: Zoom; // bounded
  most: number; // the largest factor
}

interface Fit {
  size: number;
  room: number;
}

function sized(n: number, gaps: number, room: number, most: number): Fit {
  return { room, size: Math.min(most, Math.max(1, room - gaps) / Math.max(1, n)) };
}

const countOf = (spans: Span[]): number => spans.reduce((sum, { n }) => sum + n, 0);

export function place(spans: { rows: Span[]; columns: Span[] }, room: Room, zoom: Zoom): Placed {
  const gaps = {
    rows: GAPS.rows * (spans.rows.length - 1),
    columns: GAPS.columns * (spans.columns.length - 1),
  };
  const across = sized(
    countOf(spans.columns),
    gaps.columns,
    Math.max(40, room.width - room.left - room.right),
    MOST.width,
  );
  const down = sized(
    countOf(spans.rows),
    gaps.rows,
    Math.max(40, room.height - room.top - room.bottom),
    MOST.height,
  );
  const most = Math.max(1, LARGEST / Math.min(across.size, down.size));
  const k = Math.max(1, Math.min(most, zoom.k));
  const size = (whole: number, cap: number) => Math.max(whole, Math.min(cap, whole * k));
  const columnSize = size(across.size, LARGEST * 1.5);
  const rowSize = size(down.size, LARGEST);
  const width = countOf(spans.columns) * columnSize + gaps.columns;
  const height = countOf(spans.rows) * rowSize + gaps.rows;
  const [shownX, shownY] = [Math.min(width, across.room), Math.min(height, down.room)];
  const spare = (room.width - room.left - room.right - shownX) / 2;
  const left = room.left + Math.max(0, spare);
  const box = { left, top: room.top, right: left + shownX, bottom: room.top + shownY };
  const x = Math.min(0, Math.max(zoom.x, shownX - width));
  const y = Math.min(0, Math.max(zoom.y, shownY - height));
  return {
    box,
    rows: new Axis(spans.rows, box.top + y, rowSize, GAPS.rows),
    columns: new Axis(spans.columns, box.left + x, columnSize, GAPS.columns),
    zoom: { k, x, y },
    most,
  };
}

/** Zoom by a factor; `place` is called with the factor and says what comes out. What is at (x, y) stays there. */
export function zoomAbout(
  placed: Placed,
  factor: number,
  [x, y]: [number, number],
  again: (zoom: Zoom) => Placed,
): Zoom {
  const { rows, columns, box, zoom } = placed;
  const share = (axis: Axis, pixel: number) => (pixel - axis.start) / Math.max(1e-9, axis.length);
  const [across, down] = [share(columns, x), share(rows, y)];
  const next = again({ ...zoom, k: zoom.k * factor });
  const offset = (axis: Axis, from: number, pixel: number, at: number) => pixel - at * axis.length - from;
  return {
    k: next.zoom.k,
    x: offset(next.columns, box.left, x, across),
    y: offset(next.rows, box.top, y, down),
  };
}

/** The panning that brings a cell into sight. */
export function revealed({ rows, columns, box, zoom }: Placed, row: number, column: number): Zoom {
  const into = (from: number, size: number, low: number, high: number) =>
    from < low ? low - from : from + size > high ? high - from - size : 0;
  return {
    k: zoom.k,
    x: zoom.x + into(columns.from(column), columns.size, box.left, box.right),
    y: zoom.y + into(rows.from(row), rows.size, box.top, box.bottom),
  };
}
