// Codes beside the rows or below the columns that they are read from, as far as there is room.
import { svg } from "../../dom";
import type { Thresholds } from "./codes";
import type { Placed, Room } from "./layout";

export interface Codes {
  thresholds: Thresholds;
  along: "rows" | "columns";
  list: string[];
  /** The columns that codes of columns belong to. */
  columns: number[];
}

const DIGIT = { width: 7.2, height: 12 };
const MOST = 24; // digits of a row that are written, and twice those of a column
const LEAST = { row: 10, column: 8 }; // pixels of a row or column whose code is written

const isShort = ({ list, along }: Codes): boolean =>
  (list[0]?.length ?? 0) <= (along === "rows" ? MOST : MOST / 2);

export function roomOfCodes(codes: Codes | null, least: Pick<Room, "right" | "bottom">): Partial<Room> {
  if (!codes || !isShort(codes)) return least;
  const length = codes.list[0]?.length ?? 0;
  return codes.along === "rows"
    ? { ...least, right: length * DIGIT.width + 16 }
    : { ...least, bottom: length * DIGIT.height + 10 };
}

/** Whether codes are written at this place. */
export const areWritten = (codes: Codes, { rows, columns }: Placed): boolean =>
  isShort(codes) && (codes.along === "rows" ? rows.size >= LEAST.row : columns.size >= LEAST.column);

export function drawCodes(codes: Codes, placed: Placed): SVGElement[] {
  if (!areWritten(codes, placed)) return [];
  const { box, rows, columns } = placed;
  return codes.list.flatMap((code, i) => {
    if (codes.along === "rows") {
      const y = rows.from(i) + rows.size / 2;
      if (y < box.top || y > box.bottom) return [];
      return svg("text", { x: box.right + 8, y: y + 4, class: "nwv-matrix-code" }, code);
    }
    const x = columns.from(codes.columns[i]) + columns.size / 2;
    if (x < box.left || x > box.right) return [];
    const digits = [...code].map((digit, d) =>
      svg("tspan", { x, y: box.bottom + 13 + d * DIGIT.height }, digit),
    );
    const element = svg("text", { class: "nwv-matrix-code", "text-anchor": "middle" });
    element.append(...digits);
    return element;
  });
}
