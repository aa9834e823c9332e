// What a matrix shows: entries of parameters in rows and columns, those of several parameters beside each other. Pure.
import { isUnit, linkOf, type Selection } from "../../describe";
import { sizeOf } from "../../hierarchy";
import { type Bundle, linkEntries, linkStart, type Network } from "../../network";
import { layerOf } from "../parts";

export interface Piece {
  /** A view on the entries of one parameter, (rows, columns), as a bundle is one; it knows no units. */
  view: Bundle;
  title: string;
  isBias: boolean; // or what a norm scales and shifts by
  first: number; // its first column among those of the sheet
}

export interface Sheet {
  name: string; // as in the option `of`
  pieces: Piece[];
  nRows: number;
  nColumns: number;
}

export interface Cell {
  piece: Piece;
  row: number;
  column: number; // of the piece
}

/** Whether a link is one entry, so that both are the same to a reader. */
export const isPlain = ({ shape, reduce }: Bundle): boolean => shape.length === 2 && reduce === "none";

const bundlesOf = (network: Network, parameter: string): Bundle[] =>
  network.bundles.filter((bundle) => bundle.parameter === parameter);

/** A parameter as rows and columns: those of its links where they are all of it, else its first axis and the rest. */
function viewOf(network: Network, parameter: string): Bundle {
  const shape = network.parameters[parameter];
  const [bundle] = bundlesOf(network, parameter);
  const about = { id: parameter, parameter, source: "", target: "", port: null };
  if (bundle && isPlain(bundle) && !(bundle.blocks! > 1) && sizeOf(bundle.shape) === sizeOf(shape))
    return { ...bundle, ...about };
  const nRows = shape[0] ?? 1;
  const nColumns = sizeOf(shape) / Math.max(1, nRows);
  return {
    ...about,
    shape: [nRows, nColumns],
    strides: [nColumns, 1],
    offset: 0,
    role: bundle?.role ?? (shape.length < 2 ? "bias" : "input"),
    reduce: "none",
    index: null,
    rest_name: null,
  };
}

const isBiasOf = ({ role }: Bundle): boolean => role === "bias" || role === "norm";

/** Views beside each other, those of one layer of units after those of another, each with its biases first. */
function sheetOf(name: string, views: { view: Bundle; target: string; title: string }[]): Sheet | null {
  if (!views[0]) return null;
  const targets = [...new Set(views.map(({ target }) => target))];
  const order = ({ view, target }: (typeof views)[0]) =>
    2 * targets.indexOf(target) + Number(!isBiasOf(view));
  const [main] = [...views].sort((a, b) => Number(isBiasOf(a.view)) - Number(isBiasOf(b.view)));
  const nRows = main.view.shape[0];
  let nColumns = 0;
  const pieces = views
    .filter(({ view }) => view.shape[0] === nRows)
    .sort((a, b) => order(a) - order(b))
    .map(({ view, title }) => {
      const first = nColumns;
      nColumns += view.shape[1];
      return { view, title, isBias: isBiasOf(view) && !isBiasOf(main.view), first };
    });
  return { name, pieces, nRows, nColumns };
}

const ownName = (parameter: string): string => parameter.slice(parameter.lastIndexOf(".") + 1);

const parameterSheet = (network: Network, name: string): Sheet | null =>
  name in network.parameters
    ? sheetOf(name, [{ view: viewOf(network, name), target: "", title: ownName(name) }])
    : null;

function layerSheet(network: Network, layer: string): Sheet | null {
  const parameters = Object.keys(network.parameters).filter((name) => layerOf(name) === layer);
  const views = parameters.map((name) => ({
    view: viewOf(network, name),
    target: bundlesOf(network, name)[0]?.target ?? "",
    title: ownName(name),
  }));
  return sheetOf(layer, views);
}

function gateSheet(network: Network, name: string): Sheet | null {
  const layers = new Map(network.groups.map(({ id, layer }) => [id, layer]));
  const bundles = network.bundles.filter(
    ({ port, target }) => port !== null && `${layers.get(target)}.${port}` === name,
  );
  return sheetOf(
    name,
    bundles.map((view) => ({ view, target: view.target, title: ownName(view.parameter) })),
  );
}

/** The parameter that a selection is of: its own, or the first that leads to the unit, or away from it. */
function parameterOf({ bundles, parameters }: Network, selection: Selection | null): string | undefined {
  if (selection === null) return undefined;
  if ("parameter" in selection) return selection.parameter;
  if ("bundle" in selection) return bundles.find(({ id }) => id === selection.bundle)?.parameter;
  if ("block" in selection) {
    const { block } = selection;
    return Object.keys(parameters).find((name) => name === block || name.startsWith(`${block}.`));
  }
  const { group } = selection;
  return (bundles.find(({ target }) => target === group) ?? bundles.find(({ source }) => source === group))
    ?.parameter;
}

/** What is asked for by name; else the layer of what is selected, else the first one. Null where the name is of nothing. */
export function sheetFor(network: Network, of: string[] | null, selection: Selection | null): Sheet | null {
  if (of?.[0] !== undefined)
    return parameterSheet(network, of[0]) ?? layerSheet(network, of[0]) ?? gateSheet(network, of[0]);
  const parameter = parameterOf(network, selection) ?? Object.keys(network.parameters)[0];
  if (!(parameter in network.parameters)) return null;
  const sheet = layerSheet(network, layerOf(parameter));
  const isThere = sheet?.pieces.some(({ view }) => view.parameter === parameter);
  return isThere ? sheet : parameterSheet(network, parameter);
}

/** All that can be asked for: layers of several parameters, the gates of these, and every parameter. */
export function names(network: Network): string[] {
  const layers = new Set(Object.keys(network.parameters).map(layerOf));
  const layerOfGroup = new Map(network.groups.map(({ id, layer }) => [id, layer]));
  return [...layers].flatMap((layer) => {
    const own = Object.keys(network.parameters).filter((name) => layerOf(name) === layer);
    const gates = network.bundles.flatMap(({ port, target }) =>
      port !== null && layerOfGroup.get(target) === layer ? `${layer}.${port}` : [],
    );
    const isJoint = (layerSheet(network, layer)?.pieces.length ?? 0) > 1;
    return [...(isJoint && layer ? [layer] : []), ...new Set(gates), ...own];
  });
}

/** The flat entry of the parameter behind a cell. */
export const entryOf = ({ piece, row, column }: Cell): number => linkStart(piece.view, row, column);

/** The link that shows a cell, and its bundle; null where none does. */
export function linkAt(network: Network, cell: Cell): { of: Bundle; target: number; source: number } | null {
  const flat = entryOf(cell);
  for (const of of bundlesOf(network, cell.piece.view.parameter)) {
    const link = linkOf(of, flat);
    if (link) return { of, target: link[0], source: link[1] };
  }
  return null;
}

/** A cell of the sheet by its column among all; null beyond them. */
export function cellAt({ pieces, nRows }: Sheet, row: number, column: number): Cell | null {
  const piece = pieces.find(({ first, view }) => column >= first && column < first + view.shape[1]);
  return piece && row >= 0 && row < nRows ? { piece, row, column: column - piece.first } : null;
}

/** The cells of a selection that are on the sheet: of a link all its entries, at most `most`. */
export function cellsOf(network: Network, sheet: Sheet, selection: Selection | null, most = 256): Cell[] {
  if (selection === null || isUnit(selection) || "block" in selection) return [];
  const isEntry = "parameter" in selection;
  const bundle = isEntry ? null : network.bundles.find(({ id }) => id === selection.bundle);
  const parameter = isEntry ? selection.parameter : bundle?.parameter;
  const shape = network.parameters[parameter ?? ""] ?? [];
  const flats = isEntry
    ? [selection.index.reduce((sum, i, d) => sum * shape[d] + i, 0)]
    : bundle
      ? linkEntries({ ...bundle, reduce: "l2" }, selection.target, selection.source)
      : [];
  return sheet.pieces
    .filter(({ view }) => view.parameter === parameter)
    .flatMap((piece) =>
      flats.slice(0, most).flatMap((flat) => {
        const at = linkOf(piece.view, flat);
        return at ? [{ piece, row: at[0], column: at[1] }] : [];
      }),
    );
}
