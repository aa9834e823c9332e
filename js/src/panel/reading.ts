// The reading of one link: exact value now and over time, from the kernel where the stored one is rounded.
import { entryLabel, linkLabel } from "../describe";
import { html } from "../dom";
import type { History } from "../history";
import { type Bundle, linkEntries, type Network, reduced } from "../network";
import type { Options } from "../options";
import { formatValue } from "../scale";
import type { KernelLooks } from "./kernel";
import { type LoadKernels, laterPicture } from "./later";
import { sparkline } from "./sparkline";

const MOST_ASKED = 4096; // entries behind a link that the kernel is asked for
const SPARK = { width: 190, height: 44 };

/** One number a checkpoint from the entries behind a link, as the bundle's reduce says. */
function reduceEntries(bundle: Bundle, entries: Float64Array, nEntries: number): Float64Array {
  return Float64Array.from({ length: entries.length / nEntries }, (_, k) => {
    return reduced(bundle, entries.subarray(k * nEntries, (k + 1) * nEntries));
  });
}

/** The exact history of what is shown: w itself, or its difference from what is subtracted at each checkpoint. */
export async function exactly(
  history: History,
  bundle: Bundle,
  entries: number[],
  shown: Pick<Options, "quantity" | "reference">,
): Promise<Float64Array> {
  const of = async (run: History) =>
    reduceEntries(bundle, await run.exact(bundle.parameter, entries), entries.length);
  const [base] = history.before(0, shown);
  const [now, then] = await Promise.all([of(history), of(base)]);
  if (shown.quantity === "weights") return now;
  return now.map((value, k) => value - (then[history.before(k, shown)[1]] ?? Number.NaN));
}

const QUANTITY_WORDS: Record<Options["quantity"], string> = {
  weights: "",
  update: "update ",
  difference: "difference ",
  against: "difference ",
};

export interface Reading {
  element: HTMLElement;
  move(checkpoint: number): void;
  /** What came later is there. */
  drawn?: Promise<void>;
}

/** What is said of a unit at the moment that is drawn; no line where there is nothing to say. */
export class Note {
  readonly element = html("div", "nwv-reading-entry");
  readonly #now: () => string | null;

  constructor(now: () => string | null) {
    this.#now = now;
    this.tell();
  }

  tell(): void {
    const text = this.#now() ?? "";
    if (this.element.textContent !== text) this.element.textContent = text;
    this.element.hidden = text === "";
  }
}

/** What stands in place of a link's own history where there are several runs: that of all. */
export type Beside = (link: [Bundle, number, number]) => Reading | null;

/** Title, value at the playhead, sparkline, the entries behind it if they are many, and their names in Python's words. */
export function readLink(
  history: History,
  bundle: Bundle,
  target: number,
  source: number,
  checkpoint: number,
  looks: KernelLooks & { kernels: LoadKernels; drawn?: Network; beside?: Beside },
): Reading {
  const { quantity, reference } = looks.options;
  const whose = history.peers[1] && quantity !== "against" ? `${history.name}: ` : "";
  const drawn = looks.drawn ?? history.network;
  const value = html("span", "nwv-value");
  const chart = html("div", {});
  const isSingle = bundle.shape.slice(2).every((n) => n === 1);
  const kernel = isSingle
    ? null
    : laterPicture(looks.kernels, [history, bundle, [target, source], checkpoint, looks]);
  const more = looks.beside?.([bundle, target, source]);
  let exact = history.isExact && history.before(0, looks.options)[0].isExact;
  let values = history.stored(bundle, target, source, quantity, reference);
  let spark = sparkline(values, SPARK.width, SPARK.height, checkpoint);
  let at = checkpoint;
  const move = (k: number): void => {
    at = k;
    const isToldByKernel = exact && !history.isExact;
    const missing = !history.isRecorded(bundle.parameter, k, quantity, reference) && !isToldByKernel;
    const none = missing || (quantity === "update" && k === 0);
    value.textContent = none
      ? history.isHere(k)
        ? "not recorded here"
        : "still with the kernel"
      : whose + QUANTITY_WORDS[quantity] + (exact ? "" : "≈ ") + formatValue(values[k]);
    spark.move(k);
  };
  const show = (): void => {
    spark = sparkline(values, SPARK.width, SPARK.height, at);
    chart.replaceChildren(spark.element);
    move(at);
  };
  show();
  const entries = linkEntries(bundle, target, source);
  if (!exact && entries.length <= MOST_ASKED) {
    exactly(history, bundle, entries, looks.options).then(
      (all) => {
        values = all;
        exact = true;
        show();
      },
      () => {}, // without a kernel the stored value stays, marked ≈
    );
  }
  const element = html(
    "div",
    "nwv-reading",
    html("div", "nwv-reading-title", linkLabel(drawn, bundle, target, source)),
    value,
    more?.element ?? chart,
    ...(kernel ? [kernel.element] : []),
    html("div", "nwv-reading-entry", entryLabel(history.network, bundle, target, source)),
  );
  const moveAll = (k: number): void => {
    move(k);
    more?.move(k);
    kernel?.move(k);
  };
  return { element, move: moveAll, ...(kernel && { drawn: kernel.drawn }) };
}
