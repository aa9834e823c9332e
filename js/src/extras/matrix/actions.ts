// What a reader does to a matrix: zoom, pan, select a cell or an image, and go to the next by keyboard.
import type { Selection } from "../../describe";
import type { ViewContext } from "../../views/context";
import type { Board } from "./board";
import type { Exhibit } from "./exhibit";
import type { Actions } from "./intents";
import { type Marked, nextCell, rowSelectionOf, selectionOf } from "./marks";
import type { Pointer } from "./pointer";
import type { Cell, Sheet } from "./sheet";
import { mainPiece } from "./units";

/** A matrix as it is shown at the moment: as cells, or its rows as images. */
export interface Showing {
  sheet: Sheet;
  board: Board;
  exhibit: Exhibit;
  isImages: boolean;
  marks: Marked[];
}

/** `shown` is null where nothing is. */
export function actionsOf(
  context: ViewContext,
  pointer: Pointer,
  shown: () => Showing | null,
  draw: () => void,
): Actions {
  const select = (cell: Cell | null): void => {
    const toSelection = shown()?.isImages ? rowSelectionOf : selectionOf;
    const next: Selection | null = cell && toSelection(context.network, cell);
    const isSame = JSON.stringify(next) === JSON.stringify(context.selection());
    context.select(isSame ? null : next);
  };
  const walk = (down: number, across: number): void => {
    const now = shown();
    if (!now) return;
    const { sheet, board, exhibit, isImages, marks } = now;
    const step = isImages ? { down: across + down * exhibit.nAcross, across: 0 } : { down, across };
    const cell = nextCell(sheet, marks[0], step);
    (isImages ? exhibit : board).reveal(cell);
    const about = isImages ? { piece: mainPiece(sheet), row: cell.row, column: 0 } : cell;
    context.select((isImages ? rowSelectionOf : selectionOf)(context.network, about));
  };
  return {
    point: (x, y) => pointer.rest(x, y),
    leave: () => pointer.leave(),
    press: (x, y) => select(pointer.hit(x, y)),
    pan: (dx, dy) => {
      const now = shown();
      if (!now || now.isImages) return;
      pointer.leave();
      now.board.pan(dx, dy);
      draw();
    },
    zoom: (factor, at) => {
      const now = shown();
      if (!now) return;
      pointer.leave();
      const face = now.isImages ? now.exhibit : now.board;
      if (factor === "fit") face.fit();
      else face.zoomBy(factor, at);
      draw();
    },
    walk,
    clear: () => context.select(null),
    isZoomed: () => {
      const now = shown();
      return now !== null && !now.isImages && now.board.isZoomed;
    },
  };
}
