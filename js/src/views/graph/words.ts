// What the graph shows and what it does not, in words: caption and summary. Pure.
import { linkLabel } from "../../describe";
import type { Run } from "../../history/run";
import type { Tally } from "../../images/plan";
import type { Layout } from "../../layout";
import { isFlattened, storedName } from "../../network";
import { formatAmount, formatCount, formatValue } from "../../scale";
import type { ViewContext } from "../context";
import type { Links } from "./links";

const PRECISION: Record<string, string> = {
  float32: "float32",
  float16: "≈ float16 (3 digits)",
  int8: "≈ int8 (within 0.4 % of each parameter’s largest weight)",
};

/** "adam, step 100": which checkpoint of which run. */
function momentOf({ name, steps }: Run, k: number): string {
  const step = steps?.[k] ?? null;
  return `${name}, ${step === null ? `checkpoint ${k + 1}` : `step ${formatCount(step)}`}`;
}

export function quantityWords({ options, history }: ViewContext, k: number): string {
  const { quantity, reference } = options();
  if (quantity === "update") return "update since the checkpoint before";
  if (quantity === "against") {
    const [base, before] = history.before(k, { quantity, reference });
    return `w(${momentOf(history, k)}) − w(${momentOf(base, before)})`;
  }
  return quantity === "difference" ? `w − w(checkpoint ${reference + 1})` : "weights";
}

export function precisionWords({ history, options }: ViewContext, k: number): string {
  const { precision } = history;
  const isOwn = options().quantity !== "weights" && precision !== "float32" && !history.isRounded(k);
  return isOwn
    ? "≈ changes of the exact weights, rounded by themselves"
    : (PRECISION[precision] ?? precision);
}

function restWords(context: ViewContext): string | null {
  const { network, options } = context;
  const bundle = network.bundles.find(isFlattened);
  if (!bundle) return null;
  const { reduce, rest_index } = options();
  const name = bundle.rest_name ?? "entry";
  if (reduce === "index")
    return `flattened: ${name} ${Math.min(rest_index, bundle.shape[2] - 1) + 1} of ${bundle.shape[2]}`;
  const norm = context.options().quantity === "weights" ? "L2 norm (no sign)" : "change of the L2 norm";
  return `flattened: ${reduce === "l2" ? norm : "sum"} over ${bundle.shape[2]} ${name}s`;
}

/** How many weights no link stands for (layers that are boxes, norms), and the layers that they belong to. */
function boxedWeights({ network }: ViewContext): { n: number; layers: string } {
  const drawn = new Set(network.bundles.map((bundle) => storedName(network, bundle.parameter)));
  const boxed = Object.entries(network.parameters).filter(
    ([name]) => !(name in network.tied) && !drawn.has(name),
  );
  const n = boxed.reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b, 1), 0);
  const layers = new Set(boxed.map(([name]) => name.split(".").slice(0, -1).join(".") || name));
  return { n, layers: layers.size > 1 ? `${layers.size} layers` : `layer “${[...layers][0]}”` };
}

function drawnWords({ drawn, shaded, share, all }: Tally & { all: number }): string {
  if (shaded > 0)
    return (
      `${formatCount(drawn - shaded)} of ${formatCount(all)} links drawn as lines ` +
      `(${Math.round(100 * share)} % of the total |w| drawn); ${drawn === all ? "all" : formatCount(drawn)} in the shading`
    );
  return drawn === all
    ? `all ${formatCount(all)} links drawn`
    : `${formatCount(drawn)} of ${formatCount(all)} links drawn as lines`;
}

/** Where links are that are not lines. */
function matrixWords({ places, ticked }: Layout): string {
  const forms = new Set([...places.values()].map(({ form }) => form));
  const isTiled = [...places.values()].some(({ tiles }) => tiles.length > 0);
  const parts = [
    forms.has("portraits") && "portraits",
    isTiled && "small matrices",
    forms.has("folded") && "folded lanes",
    ticked.size > 0 && "ticks",
  ].filter(Boolean);
  return parts.length > 1 ? `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}` : parts.join("");
}

/** What closed blocks hold. */
export interface Folded {
  nBlocks: number;
  nParameters: number;
}

function foldedWords({ nBlocks, nParameters }: Folded): string | null {
  if (nBlocks === 0) return null;
  return `${formatAmount(nParameters)} parameters in ${nBlocks} closed block${nBlocks === 1 ? "" : "s"}`;
}

export function graphCaption(
  context: ViewContext,
  layout: Layout,
  counts: Tally & { k: number; onStage: number; folded: Folded },
  looks: (string | null)[], // how units are ordered and portrayed
): string {
  const all = context.network.bundles.reduce((n, { shape }) => n + shape[0] * shape[1], 0);
  const tally = { ...counts, all };
  const boxed = boxedWeights(context);
  const offStage = tally.all - tally.onStage;
  const { k } = tally;
  const { nLoaded, nCheckpoints } = context.history;
  const parts = [
    context.options().quantity !== "against" && context.history.called,
    foldedWords(tally.folded),
    tally.all > 0 && quantityWords(context, k),
    tally.all > 0 && drawnWords(tally),
    tally.filtered > 0 && `${formatCount(tally.filtered)} switched off or below the filter`,
    tally.away > 0 && `${formatCount(tally.away)} links of units on the sheet not drawn`,
    offStage > 0 && `${formatCount(offStage)} in ${matrixWords(layout)}`,
    tally.all > 0 && `${formatCount(tally.clipped)} beyond the domain`, // also when it is 0, so that nothing moves while playing
    boxed.n > 0 &&
      `${formatCount(boxed.n)} weights of ${boxed.layers} not drawn${tally.folded.nBlocks > 0 ? "" : ", in boxes"}`,
    tally.odd > 0 && `${formatCount(tally.odd)} NaN or infinite`,
    tally.missing > 0 && `${formatCount(tally.missing)} not recorded here`,
    restWords(context),
    ...looks,
    precisionWords(context, k),
    context.history.isRounded(k) &&
      'of rounded weights, small changes are lost: pass precision="float32" to see them',
    nLoaded < nCheckpoints &&
      `${nLoaded} of ${nCheckpoints} checkpoints fetched so far, which the domains are of`,
    context.history.progress.isLate && "the kernel is late and was asked again",
    ...context.history.notes,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Columns and the strongest link of each bundle's layer, for a reader who does not see the picture. */
export function graphSummary(
  context: ViewContext,
  links: Links,
  { k, tally }: { k: number; tally: Tally },
): string {
  const { network, history } = context;
  const names = network.groups
    .filter((g) => g.role !== "bias" && !g.delayed_of)
    .map((g) =>
      g.role === "box"
        ? `${g.label || g.id}, a box`
        : `${g.label || g.id} with ${g.n_units} unit${g.n_units === 1 ? "" : "s"}`,
    );
  const values = links.values(k);
  const strongest = new Map<string, number>();
  links.bundles.forEach((bundle, b) => {
    const layer = links.scaleLabel(bundle);
    let best = strongest.get(layer) ?? -1;
    for (let i = links.starts[b]; i < links.starts[b + 1]; i++)
      if (Number.isFinite(values[i]) && (best < 0 || Math.abs(values[i]) > Math.abs(values[best]))) best = i;
    if (best >= 0) strongest.set(layer, best);
  });
  const told = [...strongest.values()].slice(0, 6).map((i) => {
    const { bundle, target, source } = links.link(i);
    return `${linkLabel(network, bundle, target, source)}: ${formatValue(values[i])}`;
  });
  return (
    `${network.name}${history.called && `, ${history.called}`}: ${names.join(", ")}. Checkpoint ${k + 1} of ${history.nCheckpoints}, ` +
    `${tally.drawn} links drawn.${told.length > 0 ? ` Strongest: ${told.join("; ")}.` : ""}`
  );
}
