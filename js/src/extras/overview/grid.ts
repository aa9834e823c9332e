// The parameters of a model as a table: a row for each block or layer, a column for each kind of parameter in it. Pure.
import { type Network, storedName } from "../../network";

export interface Grid {
  rows: { name: string; cells: (string | null)[] }[]; // names of parameters, one a column
  columns: string[];
  /** Whether blocks repeat: then rows are blocks, else layers. */
  hasBlocks: boolean;
}

const isNumber = (segment: string): boolean => /^\d+$/.test(segment);

interface Place {
  row: string;
  column: string;
  isInBlock: boolean;
}

/** Names with a number in them, by what stands before it and after it: how many numbers there are. */
function repeated(names: string[][]): Map<string, Set<string>> {
  const numbers = new Map<string, Set<string>>();
  for (const segments of names)
    segments.forEach((segment, i) => {
      if (!isNumber(segment) || i === segments.length - 1) return;
      const key = [segments.slice(0, i).join("."), segments.slice(i + 1).join(".")].join("\n");
      numbers.set(key, (numbers.get(key) ?? new Set()).add(segment));
    });
  const families = new Map<string, Set<string>>();
  for (const [key, found] of numbers) if (found.size > 1) families.set(key.split("\n")[0], found);
  return families;
}

/** `h.3.attn.qkv.weight` stands in the row of the block `h.3`; what is in no block in that of its layer. */
function placeOf(segments: string[], families: Map<string, Set<string>>): Place {
  const at = segments.findIndex(
    (segment, i) =>
      i < segments.length - 1 && isNumber(segment) && families.has(segments.slice(0, i).join(".")),
  );
  const end = at >= 0 ? at + 1 : Math.max(1, segments.length - 1);
  const column = segments.slice(end).join(".");
  return { row: segments.slice(0, end).join("."), column: column || "value", isInBlock: at >= 0 };
}

/** The parameters that travel, in the order of the network; what is in blocks first among the columns. */
export function gridOf(network: Network): Grid {
  const names = Object.keys(network.parameters).filter((name) => storedName(network, name) === name);
  const families = repeated(names.map((name) => name.split(".")));
  const places = names.map((name) => ({ name, ...placeOf(name.split("."), families) }));
  const inBlocks = places.filter(({ isInBlock }) => isInBlock);
  const columns = [...new Set([...inBlocks, ...places].map(({ column }) => column))];
  const rows = new Map<string, (string | null)[]>();
  for (const { name, row, column } of places) {
    const cells = rows.get(row) ?? new Array<string | null>(columns.length).fill(null);
    cells[columns.indexOf(column)] = name;
    rows.set(row, cells);
  }
  return {
    rows: [...rows].map(([name, cells]) => ({ name, cells })),
    columns,
    hasBlocks: inBlocks.some(({ column }) => column.includes(".")),
  };
}
