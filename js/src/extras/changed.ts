// What a sighted reader sees change from one checkpoint to the next, in words: links that grow, shrink and change sign. Pure.
import { linkLabel } from "../describe";
import type { History } from "../history";
import { type Bundle, firstSource, type Network } from "../network";
import { formatCount, formatValue } from "../scale";

const MOST_LINKS = 300_000; // that are looked at; of more, nothing is said
const MOST_TOLD = 2;

interface Change {
  bundle: Bundle;
  i: number; // of the links of the bundle
  from: number;
  to: number;
  by: number; // how much it is of what is asked for
}

/** The few changes of a kind that are largest, largest first. */
class Largest {
  readonly list: Change[] = [];
  least = 0;

  add(change: Change): void {
    const { list } = this;
    list.push(change);
    list.sort((a, b) => b.by - a.by);
    if (list.length <= MOST_TOLD) return;
    list.pop();
    this.least = list[MOST_TOLD - 1].by;
  }
}

/** The changes of all links from checkpoint k - 1 to k; null where one of them was not recorded, or is not here. */
function changesOf({ bundles }: Network, history: History, k: number) {
  const found = { grown: new Largest(), shrunk: new Largest(), flipped: new Largest(), nFlipped: 0, n: 0 };
  for (const bundle of bundles) {
    const n = bundle.shape[0] * bundle.shape[1];
    const [before, now] = [new Float32Array(n), new Float32Array(n)];
    if (!history.bundle(bundle, k - 1, before) || !history.bundle(bundle, k, now)) continue;
    found.n += n;
    for (let i = 0; i < n; i++) {
      const [from, to] = [before[i], now[i]];
      const growth = Math.abs(to) - Math.abs(from);
      if (growth > found.grown.least) found.grown.add({ bundle, i, from, to, by: growth });
      if (-growth > found.shrunk.least) found.shrunk.add({ bundle, i, from, to, by: -growth });
      if (from * to < 0) {
        found.nFlipped++;
        const by = Math.abs(to - from);
        if (by > found.flipped.least) found.flipped.add({ bundle, i, from, to, by });
      }
    }
  }
  return found.n > 0 ? found : null;
}

/** "Since the checkpoint before, 2 of 20 links changed sign, most of all …"; empty where there is nothing to compare with. */
export function changeWords(network: Network, history: History, k: number): string {
  const n = network.bundles.reduce((sum, { shape }) => sum + shape[0] * shape[1], 0);
  const found = k > 0 && n <= MOST_LINKS ? changesOf(network, history, k) : null;
  if (!found) return "";
  const listed = ({ list }: Largest): string =>
    list
      .map(({ bundle, i, from, to }) => {
        const target = Math.floor(i / bundle.shape[1]);
        const source = firstSource(bundle, target) + (i % bundle.shape[1]);
        return `${linkLabel(network, bundle, target, source)} from ${formatValue(from)} to ${formatValue(to)}`;
      })
      .join("; ");
  const { grown, shrunk, flipped, nFlipped } = found;
  const parts = [
    grown.list[0] && `Grown most: ${listed(grown)}.`,
    shrunk.list[0] && `Shrunk most: ${listed(shrunk)}.`,
    nFlipped > 0 &&
      `${formatCount(nFlipped)} of ${formatCount(found.n)} links changed sign, most of all ${listed(flipped)}.`,
  ].filter(Boolean);
  return `Since the checkpoint before: ${parts.length > 0 ? parts.join(" ") : "no link changed."}`;
}
