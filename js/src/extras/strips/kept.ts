// The strips of a stage and their samples, kept while nothing but zoom, theme or selection changes.
import { isOneByOne, type Layout } from "../../layout";
import type { Stage } from "../../views/context";
import { rankedCheckpoints, strengths } from "./ranked";
import { bundlesInto, MOST_ROWS, type Rows, rowsOf } from "./rows";
import { Samples } from "./samples";

/** Units from top to bottom. */
const orderOf = (unitY: Float32Array): number[] => [...unitY.keys()].sort((a, b) => unitY[a] - unitY[b] || 0);

/** What decides which strips there are, and in which order they stand. */
function arrangement({ layout, links }: Stage): { key: string; isCrowded: boolean } {
  let isCrowded = false;
  const parts: string[] = [];
  for (const { strips, group } of layout.places.values()) {
    if (!strips) continue;
    const into = bundlesInto(group.id, layout, links);
    const sources = [...new Set(into.map(({ source }) => source))];
    parts.push(group.id, ...into.map(({ id }) => id));
    for (const id of sources) parts.push(orderOf(layout.places.get(id)?.unitY ?? new Float32Array()).join());
    for (const port of new Set(into.map((bundle) => bundle.port))) {
      const ofGate = into.filter((bundle) => bundle.port === port && !isOneByOne(bundle));
      isCrowded ||= ofGate.reduce((n, { shape }) => n + shape[1], 0) > MOST_ROWS;
    }
  }
  return { key: parts.join("|"), isCrowded };
}

const standing = (rows: Rows, { places }: Layout): Rows => ({
  all: rows.all,
  units: rows.units.map((strips) => ({ ...strips, place: places.get(strips.place.group.id)! })),
});

export class Kept {
  rows: Rows = { all: [], units: [] };
  samples = new Samples([], 0);
  nRanked = 0; // checkpoints that the strongest links are of
  #key = "";

  update(stage: Stage): void {
    const { context, layout, links } = stage;
    const { history } = context;
    const { quantity, reference, reduce, rest_index, scale } = context.options();
    const { key, isCrowded } = arrangement(stage);
    const here = { nCheckpoints: history.nCheckpoints, isHere: (k: number) => history.isHere(k) };
    const ranked = isCrowded ? rankedCheckpoints(here) : [];
    const what = [quantity, reference, reduce, rest_index, scale === "checkpoint", history.revision];
    const whole = [key, ...what, ...ranked].join("|");
    const isSame = whole === this.#key && !this.samples.isOutgrown(history.nCheckpoints);
    this.rows = isSame ? standing(this.rows, layout) : rowsOf(layout, links, strengths(links, ranked));
    if (!isSame) this.samples = new Samples(this.rows.all, history.nCheckpoints);
    this.#key = whole;
    this.nRanked = isCrowded ? ranked.length : history.nCheckpoints;
    this.samples.begin(history.nCheckpoints);
  }

  /** Read more values, for about `ms` milliseconds; false if there is more to read. */
  read({ context, links }: Stage, ms: number): boolean {
    const isPerCheckpoint = context.options().scale === "checkpoint";
    return this.samples.fill({ history: context.history, links, isPerCheckpoint }, ms);
  }

  /** The checkpoint of a column: of several the one with the link's largest value. */
  checkpointIn({ context }: Stage, row: number, column: number): number {
    const { step, rows } = this.samples;
    const { history } = context;
    const [first, last] = [column * step, Math.min(history.nCheckpoints, (column + 1) * step) - 1];
    if (first >= last) return first;
    const { quantity, reference } = context.options();
    const { bundle, target, source } = rows[row];
    const values = history.stored(bundle, target, source, quantity, reference);
    let best = first;
    for (let k = first + 1; k <= last; k++)
      if (Math.abs(values[k]) > Math.abs(values[best]) || Number.isNaN(values[best])) best = k;
    return best;
  }
}
