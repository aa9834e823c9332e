// Values, or digits, written in cells that have room for them.
import { formatValue, isLight, type Rgb, rgba } from "../../scale";
import { rgbOf } from "./hues";
import type { Placed } from "./layout";
import { type Ink, type Source, valueAt } from "./paint";
import type { Cell, Piece } from "./sheet";

const LEAST = { width: 36, height: 14 };
const CHARACTER_PX = 6;
const INKS: [dark: Rgb, light: Rgb] = [
  [21, 24, 28],
  [255, 255, 255],
];

export interface Written {
  cellAt(row: number, column: number): Cell | null;
  read(piece: Piece): Source | null;
  inks: Map<Piece, Ink | null>;
  digit: ((value: number) => string) | null;
}

/** Whether cells at this place have their values in them. */
export const isWritten = ({ rows, columns }: Placed): boolean =>
  columns.size >= LEAST.width && rows.size >= LEAST.height;

/** A value with as many of four significant digits as have room; nothing where one has none. */
export function shortened(value: number, room: number): string {
  const most = Math.floor(room / CHARACTER_PX);
  for (const digits of [4, 3, 2, 1]) {
    const text = formatValue(Number.isFinite(value) ? Number(value.toPrecision(digits)) : value);
    if (text.length <= most) return text;
  }
  return "";
}

/** Write what fits into the cells in sight. */
export function drawNumbers(brush: CanvasRenderingContext2D, placed: Placed, written: Written): void {
  const { box, rows, columns } = placed;
  const { digit } = written;
  const isDigit = digit !== null && columns.size >= 9 && rows.size >= 11;
  if (!isDigit && !isWritten(placed)) return;
  brush.save();
  brush.beginPath();
  brush.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  brush.clip();
  brush.font = `${digit ? 12 : 10.5}px system-ui, sans-serif`;
  brush.textAlign = "center";
  brush.textBaseline = "middle";
  const inSight = (axis: typeof rows, low: number, high: number) =>
    Array.from({ length: axis.nCells }, (_, i) => i).filter(
      (i) => axis.from(i) + axis.size > low && axis.from(i) < high,
    );
  const across = inSight(columns, box.left, box.right);
  for (const row of inSight(rows, box.top, box.bottom))
    for (const column of across) {
      const cell = written.cellAt(row, column);
      const source = cell && written.read(cell.piece);
      if (!source) continue;
      const value = valueAt(source, row, cell.column);
      const background = rgbOf(written.inks.get(cell.piece)!(value));
      brush.fillStyle = rgba(INKS[isLight(background) ? 0 : 1], 1);
      const text = digit ? digit(value) : shortened(value, columns.size - 4);
      brush.fillText(text, columns.from(column) + columns.size / 2, rows.from(row) + rows.size / 2 + 0.5);
    }
  brush.restore();
}
