// What the matrix shows and what it does not, in words: caption and summary.
import { formatCount, formatValue } from "../../scale";
import type { ViewContext } from "../../views/context";
import { precisionWords, quantityWords } from "../../views/graph/words";
import { BETWEEN, type CodeCount, HIGH, LOW, type Thresholds } from "./codes";
import type { Tally } from "./paint";
import { cellName } from "./readout";
import type { Sheet } from "./sheet";
import type { Counts } from "./tallies";

export interface Shown {
  sheet: Sheet;
  k: number;
  isHere: boolean;
  isRough: boolean; // what is here: finer values are on their way
  isTiled: boolean; // the kernel sends what is in sight, and not the whole
  counts: Counts | null; // null while they are not known
  shared: [rows: number, columns: number];
  codes: (CodeCount & { thresholds: Thresholds; along: string; isWritten: boolean }) | null;
  images: Images | null;
}

/** Rows that are images: on which grid, of which parameter, and how many are in sight. */
export interface Images {
  grid: string;
  isGuessed: boolean;
  of: string;
  inSight: number;
  n: number;
  hasBiases: boolean;
}
const sum = (counts: Counts, of: (tally: Tally) => number): number =>
  counts.reduce((n, tally) => n + (tally ? of(tally) : 0), 0);

/** How many weights are beyond the domain, odd, or not there. */
function countWords({ counts, isHere, sheet, k }: Shown): (string | false)[] {
  if (!isHere) return [`checkpoint ${k + 1} is still with the kernel`];
  if (!counts) return ["those beyond the domain are counted at rest"];
  const nOdd = sum(counts, (tally) => tally.nOdd);
  const nMissing = counts.reduce(
    (n, tally, i) => n + (tally ? 0 : sheet.nRows * sheet.pieces[i].view.shape[1]),
    0,
  );
  return [
    `${formatCount(sum(counts, ({ nBeyond }) => nBeyond))} beyond the domain`,
    nOdd > 0 && `${formatCount(nOdd)} NaN or infinite`,
    nMissing > 0 && `${formatCount(nMissing)} not recorded here`,
  ];
}

export const shapeWords = ({ nRows, nColumns }: Sheet): string =>
  `${formatCount(nRows)} × ${formatCount(nColumns)}`;

/** Which weights read as which digit. */
export function thresholdWords([low, high]: Thresholds): string {
  return (
    `w ≥ ${formatValue(high)} reads ${HIGH}, w < ${formatValue(low)} reads ${LOW}, ` +
    `between reads ${BETWEEN}`
  );
}

export function codeWords({ n, nRead, nDifferent, along }: CodeCount & { along: string }): string {
  const different = `${formatCount(nDifferent)} of ${formatCount(n)} codes of ${along} are different`;
  return nRead < n ? `${different}, ${formatCount(n - nRead)} not fully read` : different;
}

function imageWords({ images, sheet }: Shown): string | null {
  if (!images) return null;
  const { grid, isGuessed, of, inSight, n, hasBiases } = images;
  const guess = isGuessed ? ", a guess: no grid is stated" : "";
  return [
    `rows of ${of} as images of ${grid}${guess}`,
    inSight < n && `${formatCount(inSight)} of ${formatCount(n)} in sight`,
    hasBiases && "biases are not in the images",
    sheet.pieces.filter(({ isBias }) => !isBias).length > 1 && "the other parameters are not shown",
  ]
    .filter(Boolean)
    .join(", ");
}

export function matrixCaption(context: ViewContext, shown: Shown): string {
  const { history, network, options } = context;
  const { sheet, k, shared, codes, images } = shown;
  const { nLoaded, nCheckpoints } = history;
  const titles = sheet.pieces.map(({ title }) => title).join(" | ");
  const parts = [
    options().quantity !== "against" && history.called,
    `${sheet.name || network.name}: ${shapeWords(sheet)}${sheet.pieces[1] ? ` (${titles})` : ""}`,
    quantityWords(context, k),
    imageWords(shown),
    codes && thresholdWords(codes.thresholds),
    codes && (codes.n ? codeWords(codes) : "no codes of so many weights"),
    codes && codes.n > 0 && !codes.isWritten && "codes are not written, for want of room",
    (shared[0] > 1 || shared[1] > 1) &&
      `each pixel shows the strongest of up to ${shared[0]} × ${shared[1]} weights`,
    shown.isRough && "finer values are on their way",
    ...countWords(shown),
    shown.isTiled && "of so many weights the kernel sends those in sight; the domain is of a sample",
    precisionWords(context, k),
    history.isRounded(k) &&
      'of rounded weights, small changes are lost: pass precision="float32" to see them',
    !shown.isTiled &&
      nLoaded < nCheckpoints &&
      `${nLoaded} of ${nCheckpoints} checkpoints are here, which the domains are of`,
    images === null && options().matrix === "portraits" && "no images of single columns",
    ...history.notes,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** The entry that is farthest from zero, by name. */
function strongestWords(context: ViewContext, { sheet, counts }: Shown): string | null {
  const reach = (tally: Tally | null) =>
    tally ? Math.max(-tally.low, tally.high) : Number.NEGATIVE_INFINITY;
  const all = (counts ?? []).map(reach);
  const at = all.indexOf(Math.max(...all));
  const tally = counts?.[at];
  if (!tally || tally.strongest[0] < 0) return null;
  const [row, column] = tally.strongest;
  const value = reach(tally) === tally.high ? tally.high : tally.low;
  return `Strongest: ${cellName(context, { piece: sheet.pieces[at], row, column })} = ${formatValue(value)}.`;
}

export function matrixSummary(context: ViewContext, shown: Shown): string {
  const { sheet, k, codes, isHere } = shown;
  const known = (shown.counts ?? []).filter((tally) => tally !== null);
  const low = known.reduce((least, tally) => Math.min(least, tally.low), Number.POSITIVE_INFINITY);
  const high = known.reduce((most, tally) => Math.max(most, tally.high), Number.NEGATIVE_INFINITY);
  const nOdd = sum(known, (tally) => tally.nOdd);
  return [
    `Matrix ${sheet.name || context.network.name} of ${sheet.nRows} rows and ${sheet.nColumns} columns, ` +
      `checkpoint ${k + 1} of ${context.history.nCheckpoints}.`,
    !isHere && "It is still with the kernel.",
    shown.counts && known.length === 0 && "It was not recorded here.",
    low <= high && `Values from ${formatValue(low)} to ${formatValue(high)}.`,
    strongestWords(context, shown),
    nOdd > 0 && `${nOdd} NaN or infinite.`,
    codes && codes.n > 0 && `${codeWords(codes)}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
