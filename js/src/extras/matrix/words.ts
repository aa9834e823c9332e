// What the matrix shows and what it does not, in words: caption and summary. Pure.
import { formatCount, formatValue } from "../../scale";
import type { ViewContext } from "../../views/context";
import { precisionWords, quantityWords } from "../../views/graph/words";
import { BETWEEN, type CodeCount, HIGH, LOW, type Thresholds } from "./codes";
import type { Tally } from "./paint";
import type { Sheet } from "./sheet";

export interface Shown {
  sheet: Sheet;
  k: number;
  isHere: boolean;
  /** Of each piece; null where it was not recorded. */
  tallies: (Tally | null)[];
  shared: [rows: number, columns: number];
  codes: (CodeCount & { thresholds: Thresholds; along: string; isWritten: boolean }) | null;
  /** Of rows that are images: on which grid, and how many are in sight. */
  images: {
    grid: string;
    isGuessed: boolean;
    of: string;
    inSight: number;
    n: number;
    hasBiases: boolean;
  } | null;
}

const sum = (tallies: (Tally | null)[], of: (tally: Tally) => number): number =>
  tallies.reduce((n, tally) => n + (tally ? of(tally) : 0), 0);

const oddOf = (tallies: (Tally | null)[]): number => sum(tallies, ({ nOdd }) => nOdd);

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
  const { history, options } = context;
  const { sheet, k, tallies, shared, codes, images } = shown;
  const { nLoaded, nCheckpoints } = history;
  const nOdd = oddOf(tallies);
  const titles = sheet.pieces.map(({ title }) => title).join(" | ");
  const nMissing = tallies.reduce(
    (n, tally, i) => n + (tally ? 0 : sheet.nRows * sheet.pieces[i].view.shape[1]),
    0,
  );
  const parts = [
    history.peers[1] && options().quantity !== "against" && `run ${history.name}`,
    `${sheet.name}: ${shapeWords(sheet)}${sheet.pieces[1] ? ` (${titles})` : ""}`,
    quantityWords(context, k),
    imageWords(shown),
    codes && thresholdWords(codes.thresholds),
    codes && codeWords(codes) + (codes.isWritten ? "" : ", not written: no room"),
    (shared[0] > 1 || shared[1] > 1) &&
      `each pixel shows the strongest of up to ${shared[0]} × ${shared[1]} weights`,
    ...(shown.isHere
      ? [
          `${formatCount(sum(tallies, ({ nBeyond }) => nBeyond))} beyond the domain`,
          nOdd > 0 && `${formatCount(nOdd)} NaN or infinite`,
          nMissing > 0 && `${formatCount(nMissing)} not recorded here`,
        ]
      : [`checkpoint ${k + 1} is still with the kernel`]),
    precisionWords(context, k),
    history.isRounded(k) &&
      'of rounded weights, small changes are lost: pass precision="float32" to see them',
    nLoaded < nCheckpoints && `${nLoaded} of ${nCheckpoints} checkpoints are here, which the domains are of`,
    images === null && options().matrix === "portraits" && "no images of single columns",
    ...history.notes,
  ];
  return parts.filter(Boolean).join(" · ");
}

export function matrixSummary(context: ViewContext, shown: Shown, strongest: string | null): string {
  const { history } = context;
  const { sheet, k, tallies, codes } = shown;
  const known = tallies.filter((tally) => tally !== null);
  const low = known.reduce((least, tally) => Math.min(least, tally.low), Number.POSITIVE_INFINITY);
  const high = known.reduce((most, tally) => Math.max(most, tally.high), Number.NEGATIVE_INFINITY);
  const nOdd = oddOf(tallies);
  return [
    `Matrix ${sheet.name} of ${sheet.nRows} rows and ${sheet.nColumns} columns, ` +
      `checkpoint ${k + 1} of ${history.nCheckpoints}.`,
    !shown.isHere && "It is still with the kernel.",
    shown.isHere && known.length === 0 && "It was not recorded here.",
    low <= high && `Values from ${formatValue(low)} to ${formatValue(high)}.`,
    strongest && `Strongest: ${strongest}.`,
    nOdd > 0 && `${nOdd} NaN or infinite.`,
    codes && `${codeWords(codes)}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
