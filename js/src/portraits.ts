// Which layers are drawn as portraits: units whose incoming weights make an image, since their source is one. Pure.
import type { Bundle, Group, Network } from "./network";

/** How the units of an image lie: row by row, channel after channel. */
export interface Grid {
  channels: number;
  rows: number;
  columns: number;
  isGuessed: boolean;
}

export interface Portrayed {
  source: string; // the image
  bundle: Bundle; // the weights that make the portraits
  grid: Grid;
}

/** What is said of a unit that has learned nothing. */
export type Idle = "dead" | "unchanged";

export interface Exhibit extends Portrayed {
  ranked: Int32Array; // units, strongest first
  idle: Map<number, Idle>;
}

const LEAST_GUESSED = 100; // inputs; a square of fewer is more likely to be something else

/** The stated grid of a group; of a first input that is a square of at least 100, a guessed one. */
export function gridOf({ grid, role, n_units, unit_names }: Group): Grid | null {
  if (grid) {
    const [columns, rows, channels = 1] = [...grid].reverse();
    return channels * rows * columns === n_units ? { channels, rows, columns, isGuessed: false } : null;
  }
  const side = Math.round(Math.sqrt(n_units));
  const isSquare = role === "input" && !unit_names && n_units >= LEAST_GUESSED && side * side === n_units;
  return isSquare ? { channels: 1, rows: side, columns: side, isGuessed: true } : null;
}

/** The groups whose units have portraits, by id. */
export function portrayed(network: Network): Map<string, Portrayed> {
  const groups = new Map(network.groups.map((group) => [group.id, group]));
  const found = new Map<string, Portrayed>();
  for (const bundle of network.bundles) {
    const [source, target] = [groups.get(bundle.source)!, groups.get(bundle.target)!];
    const grid = gridOf(source);
    const isWhole = bundle.shape[1] === source.n_units && bundle.shape[0] === target.n_units;
    if (!grid || !isWhole || target.role !== "units" || target.ports.length > 0 || source.role !== "input")
      continue;
    found.set(target.id, { source: source.id, bundle, grid });
  }
  return found;
}

export const IDLE_WORDS: Record<Idle, string> = {
  dead: "dead: all weights into or out of it are 0",
  unchanged: "unchanged by training",
};

/** Why a grid is a guess, and how to state it. */
export const guessWords = ({ n_units }: Pick<Group, "n_units">): string =>
  `guessed, since ${n_units} inputs make a square; input_grid=(rows, columns) states the grid`;

/** "28 × 28", "3 × 32 × 32, guessed" */
export function gridWords({ channels, rows, columns, isGuessed }: Grid): string {
  return `${channels > 1 ? `${channels} × ` : ""}${rows} × ${columns}${isGuessed ? ", guessed" : ""}`;
}
