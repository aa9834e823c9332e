// A small picture of all entries behind one link (a kernel, a flattened sequence) at the playhead, with their range.
// Not for the one number that they are reduced to (see reading.ts).
import { unravel } from "../describe";
import { hear, html } from "../dom";
import type { History } from "../history";
import type { Bundle } from "../network";
import type { Options } from "../options";
import {
  formatCount,
  formatValue,
  isLight,
  PALETTES,
  PAPERS,
  type Palette,
  type Rgb,
  rangeOf,
  rgba,
  shade,
} from "../scale";
import { EntriesDomains, LinkEntries } from "./entries";
import { isBinned, type Panes, panesOf, type Room, shapeWords, slicePixels } from "./panes";

/** What pictures of one place share; begun by the first of them. */
export interface KeptDomains {
  kept?: Pick<EntriesDomains, "of">;
}

export interface KernelLooks {
  options: Options;
  isDark: boolean;
  /** Whether a pointer can reach the picture: then it reads the cell that it is on. */
  isPointable: boolean;
  domains: KeptDomains;
  room?: Room;
}

interface Pane {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  cells: HTMLElement[]; // the values as text, if they stand inside
}

const RAMP = Array.from({ length: 21 }, (_, i) => i / 10 - 1);

function createPane({ rows, columns, width, height, pixels, written }: Panes): Pane {
  const canvas = html("canvas", { width: pixels[0], height: pixels[1] });
  const element = html("div", "nwv-kernel-pane", canvas);
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  const cells: HTMLElement[] = [];
  if (written === "inside") {
    for (let i = 0; i < rows * columns; i++) cells.push(html("span", {}));
    const values = html("div", "nwv-kernel-values", ...cells);
    values.style.gridTemplateColumns = `repeat(${columns}, 1fr)`;
    element.append(values);
  }
  return { element, canvas, cells };
}

function fill(canvas: HTMLCanvasElement, colours: Rgb[]): void {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return;
  const image = context.createImageData(canvas.width, canvas.height);
  colours.forEach((colour, p) => {
    image.data.set([...colour, 255], p * 4);
  });
  context.putImageData(image, 0, 0);
}

export class KernelPicture {
  readonly #history: History;
  readonly #bundle: Bundle;
  #checkpoint: number;
  readonly element: HTMLElement;
  readonly #panes: Panes;
  readonly #drawn: Pane[];
  readonly #picture: HTMLElement;
  readonly #about = html("div", "nwv-kernel-about");
  readonly #below = html("div", "nwv-kernel-below");
  readonly #spot = html("output", "nwv-kernel-spot");
  readonly #entries: LinkEntries;
  readonly #domain: number;
  readonly #palette: Palette;
  readonly #paper: Rgb;
  readonly #ramp = html("canvas", { width: RAMP.length, height: 1, class: "nwv-kernel-ramp" });
  #values: ArrayLike<number> | null = null;
  #pointed = -1;

  constructor(
    history: History,
    bundle: Bundle,
    link: [number, number],
    checkpoint: number,
    { options, isDark, isPointable, domains, room }: KernelLooks,
  ) {
    this.#history = history;
    this.#bundle = bundle;
    this.#checkpoint = checkpoint;
    const theme = isDark ? "dark" : "light";
    [this.#palette, this.#paper] = [PALETTES[theme], PAPERS[theme]];
    this.#panes = panesOf(bundle.shape.slice(2), room);
    this.#drawn = Array.from({ length: this.#panes.shown }, () => createPane(this.#panes));
    const pictures = this.#drawn.map(({ element }) => element);
    this.#picture = html("div", { class: "nwv-kernel-panes", role: "img" }, ...pictures);
    this.#below.hidden = this.#panes.written !== "below";
    this.#spot.hidden = !isPointable || this.#panes.written !== null;
    this.element = html("div", "nwv-kernel", this.#picture, this.#below, this.#about, this.#spot);
    domains.kept ??= new EntriesDomains();
    this.#domain = domains.kept.of(history, bundle, options);
    this.#entries = new LinkEntries(history, bundle, link, options, () => this.move(this.#checkpoint));
    const ofShare = (share: number) => shade(this.#palette, share, true, this.#paper);
    fill(this.#ramp, RAMP.map(ofShare));
    if (!this.#spot.hidden) this.#listen();
    this.move(checkpoint);
  }

  move(k: number): void {
    this.#checkpoint = k;
    this.#values = this.#entries.read(k);
    this.#picture.hidden = this.#values === null;
    if (this.#values) this.#draw(this.#values);
    this.#tell();
    this.#readSpot();
  }

  #colour(value: number): Rgb {
    const share = Number.isFinite(value) ? value / (this.#domain || 1) : Number.NaN; // infinities are odd, not strong
    return shade(this.#palette, share, true, this.#paper);
  }

  #draw(values: ArrayLike<number>): void {
    const n = this.#panes.rows * this.#panes.columns;
    this.#drawn.forEach(({ canvas, cells }, slice) => {
      fill(
        canvas,
        Array.from(slicePixels(values, this.#panes, slice), (value) => this.#colour(value)),
      );
      cells.forEach((cell, i) => {
        const value = values[slice * n + i];
        cell.textContent = formatValue(value);
        cell.style.color = isLight(this.#colour(value)) ? "#15181c" : "#ffffff";
      });
    });
  }

  /** Shape and range, the scale of the colours, and what is not as it looks. */
  #tell(): void {
    const [values, panes, bundle] = [this.#values, this.#panes, this.#bundle];
    const what = shapeWords(bundle.shape.slice(2), bundle.rest_name);
    if (!values) {
      const why = this.#history.isHere(this.#checkpoint) ? "not recorded here" : "still with the kernel";
      this.#about.replaceChildren(`${what}: ${why}`);
      this.#below.textContent = "";
      return;
    }
    const { text, nOdd, nBeyond } = rangeOf(values, this.#domain);
    const written = panes.written ? Array.from(values, formatValue).join(", ") : "";
    this.#below.textContent = written;
    const notes = [
      nBeyond > 0 && `${formatCount(nBeyond)} beyond the domain`,
      panes.shown < panes.slices && `${formatCount(panes.slices - panes.shown)} more slices not drawn`,
      isBinned(panes) && "the strongest of each pixel",
    ].filter((note): note is string => !!note);
    const range = `${this.#entries.isExact ? "" : "≈ "}${text}`;
    this.#about.replaceChildren(
      html("div", {}, `${what} `, html("b", {}, range)),
      html("div", {}, this.#ramp, ` ±${formatValue(this.#domain)}`, ...(nOdd > 0 ? this.#oddKey(nOdd) : [])),
      ...notes.map((note) => html("div", {}, note)),
    );
    const odd = nOdd > 0 ? [`${nOdd} NaN or infinite`] : [];
    const label = [`${what}, from ${text.replace("…", "to")}`, ...odd, ...notes].join("; ");
    this.#picture.setAttribute("aria-label", written ? `${label}: ${written}` : label);
  }

  #oddKey(n: number): (Node | string)[] {
    const swatch = html("span", "nwv-kernel-odd");
    swatch.style.background = rgba(this.#palette.odd, 1);
    return [" ", swatch, ` ${formatCount(n)} NaN or infinite`];
  }

  #listen(): void {
    const { rows, columns } = this.#panes;
    const leave = (): void => {
      this.#pointed = -1;
      this.#readSpot();
    };
    this.#drawn.forEach(({ element }, slice) => {
      const point = ({ clientX, clientY }: PointerEvent): void => {
        const { left, top, width, height } = element.getBoundingClientRect();
        const column = Math.max(0, Math.min(columns - 1, Math.floor(((clientX - left) / width) * columns)));
        const row = Math.max(0, Math.min(rows - 1, Math.floor(((clientY - top) / height) * rows)));
        this.#pointed = (slice * rows + row) * columns + column;
        this.#readSpot();
      };
      hear(element, { pointermove: point, pointerdown: point, pointerleave: leave });
    });
  }

  /** The cell under the pointer, as one would write it in Python, and its value. */
  #readSpot(): void {
    if (this.#pointed < 0 || !this.#values) {
      this.#spot.textContent = "Point at a cell for its value.";
      return;
    }
    const { parameter } = this.#bundle;
    const index = unravel(this.#entries.at[this.#pointed], this.#history.network.parameters[parameter] ?? []);
    const value = formatValue(this.#values[this.#pointed]);
    this.#spot.textContent = `${parameter}[${index.join(", ")}] ${this.#entries.isExact ? "" : "≈ "}${value}`;
  }
}
