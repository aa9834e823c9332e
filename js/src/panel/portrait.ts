// The portrait of a unit at length: its incoming weights as an image, on the scale of the diagram, with their range.
import { isUnit, type Selection } from "../describe";
import type { History } from "../history";
import type { Bundle } from "../network";
import type { Options } from "../options";
import { type Grid, portrayed } from "../portraits";
import { Links } from "../views/graph/links";
import { type LaterPicture, type LoadKernels, laterPicture } from "./later";
import type { Room } from "./panes";

const ROOM: Room = { width: 216, height: 216, slice: 105 };

interface Looks {
  options: Options;
  isDark: boolean;
  isPointable: boolean;
  kernels: LoadKernels;
}

/** A view on the same entries in which one link stands for a whole image. */
function asImage(bundle: Bundle, { channels, rows, columns }: Grid): Bundle {
  const [toTarget, toSource] = bundle.strides;
  const image = channels > 1 ? [channels, rows, columns] : [rows, columns];
  const strides = image.map((_, d) => toSource * image.slice(d + 1).reduce((a, b) => a * b, 1));
  return {
    ...bundle,
    shape: [bundle.shape[0], 1, ...image],
    strides: [toTarget, toSource, ...strides],
    reduce: "l2",
    rest_name: "weight",
  };
}

/** Makes the portraits of a widget's units; their domains are those of the diagram, and grow like these. */
export class Portraitist {
  readonly #history: History;
  #domains: Links["domains"] = new Map();

  constructor(history: History) {
    this.#history = history;
  }

  /** The portrait of a selected unit, or null where it has none. */
  pictureOf(selection: Selection | null, checkpoint: number, looks: Looks): LaterPicture | null {
    const history = this.#history;
    const about = isUnit(selection) ? portrayed(history.network).get(selection.group) : undefined;
    if (!isUnit(selection) || !about || !looks.options.portraits || about.bundle.shape.length > 2)
      return null;
    const domain = this.#domain(about.bundle, looks.options);
    const kernelLooks = { ...looks, domains: { kept: { of: () => domain } }, room: ROOM };
    const image = asImage(about.bundle, about.grid);
    return laterPicture(looks.kernels, [history, image, [selection.unit, 0], checkpoint, kernelLooks]);
  }

  #domain(bundle: Bundle, options: Options): number {
    const scale = options.scale === "checkpoint" ? "layer" : options.scale; // a picture has one for all checkpoints
    const links = new Links(
      this.#history.network,
      this.#history,
      { ...options, scale },
      () => false,
      this.#domains,
    );
    const domain = links.domain(bundle, 0);
    this.#domains = new Map([...this.#domains, ...links.domains]);
    return domain;
  }
}
