// The graph view: a layer-by-layer node-link diagram with every link crisp. Puts layout, links, images and gestures together.
import { asLink, isLink, isUnit, type Selection, unitLinks } from "../describe";
import { html } from "../dom";
import { isDrawable, type Layout, layoutNetwork } from "../layout";
import { PALETTES, type Rgb } from "../scale";
import type { Legend, View, ViewContext } from "./context";
import { type Chrome, drawChrome } from "./graph/chrome";
import { strongLinks } from "./graph/crowd";
import { createEdges, type Edges } from "./graph/edges";
import { type Focus, focusOf, placeOf } from "./graph/focus";
import { nextFold } from "./graph/fold";
import { type Intents, listen } from "./graph/gestures";
import { Links, type Tally } from "./graph/links";
import { markFocus, markLonely, outline } from "./graph/marks";
import { unitOrder } from "./graph/order";
import { Painter } from "./graph/painter";
import { type Hit, pick, selectionOf } from "./graph/pick";
import { graphLegend } from "./graph/scales";
import { type Direction, nextRow, nextUnit } from "./graph/walk";
import { graphCaption, graphSummary } from "./graph/words";
import { boundedZoom, wholeZoom, type Zoom, zoomAbout, zoomed } from "./graph/zoom";

const PAPER: Record<"light" | "dark", Rgb> = { light: [255, 255, 255], dark: [23, 25, 28] };

class Graph implements View {
  private readonly stage: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly brush: CanvasRenderingContext2D;
  private readonly edges: Edges;
  private chrome!: Chrome;
  private base!: Layout; // before zooming
  private layout!: Layout;
  private links!: Links;
  private painter!: Painter;
  private zoomState: Zoom = { k: 1, x: 0, y: 0 };
  private hovered: Focus | null = null;
  private pointed: Selection | null = null;
  private walkedFrom: { group: string; unit: number } | null = null;
  private picture: { k: number; buckets: Uint8Array; tally: Tally } | null = null;
  private shown = 0; // the checkpoint that the picture is of
  private painted = -1; // position that the canvas shows
  private size = { width: 0, height: 0, ratio: 1 };

  constructor(
    host: HTMLElement,
    private readonly context: ViewContext,
  ) {
    this.canvas = html("canvas", { class: "nwv-canvas", "aria-hidden": "true" });
    this.brush = this.canvas.getContext("2d", { willReadFrequently: true })!;
    this.stage = html(
      "div",
      { class: "nwv-stage", tabindex: 0, role: "application", "aria-roledescription": "network diagram" },
      this.canvas,
    );
    host.append(this.stage);
    const intents = this.intents();
    listen(this.stage, intents, context.signal);
    this.edges = createEdges(this.stage, (dx) => intents.pan(dx, 0));
    this.update();
  }

  get nLinks(): number {
    return this.context.network.bundles.reduce((n, { shape }) => n + shape[0] * shape[1], 0);
  }

  get nLinksDrawn(): number {
    return this.current().tally.drawn;
  }

  update(): void {
    const options = this.context.options();
    const { network, history } = this.context;
    const height = this.context.height();
    const width = this.stage.clientWidth || 900;
    this.size = { width, height, ratio: Math.min(3, globalThis.devicePixelRatio || 1) };
    this.stage.style.height = `${height}px`;
    const order = unitOrder(network, history, options);
    this.base = layoutNetwork(network, { width, height, unfolded: options.unfolded, order });
    this.zoomState = boundedZoom(this.zoomState, this.base, width, height);
    const domains = this.links?.domains ?? new Map();
    this.links = new Links(network, history, options, (b) => isDrawable(this.base, network, b), domains);
    this.place();
  }

  resize(): void {
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    if (this.stage.clientWidth !== this.size.width || ratio !== this.size.ratio) this.update();
  }

  rest = (): void => this.painter.forget();

  redraw(): void {
    this.painted = -1;
    this.drawFrame();
  }

  /** Lay out at the current zoom, redraw the SVG, and start a new set of images. */
  private place(): void {
    const { network } = this.context;
    const { width, height, ratio } = this.size;
    this.layout = zoomed(this.base, this.zoomState);
    for (const [side, length] of [["width", width] as const, ["height", height] as const])
      this.canvas[side] = Math.max(1, Math.round(length * ratio));
    this.brush.setTransform(ratio, 0, 0, ratio, 0, 0);
    const chrome = drawChrome(network, this.layout, this.context.options().labels);
    if (this.chrome) this.chrome.root.replaceWith(chrome.root);
    else this.canvas.after(chrome.root);
    this.edges.update(this.layout, width);
    this.chrome = chrome;
    this.repaint();
  }

  /** New images: the focus, the looks or the theme changed. */
  private repaint(): void {
    const { network } = this.context;
    const theme = this.context.isDark() ? "dark" : "light";
    const mask = this.links.mask(this.focus());
    const scene = {
      network,
      layout: this.layout,
      links: this.links,
      mask,
      palette: PALETTES[theme],
      paper: PAPER[theme],
    };
    this.painter = new Painter({ ...scene, ...this.size });
    this.picture = null;
    this.painted = -1;
    this.drawFrame();
    this.mark();
    this.context.changed();
  }

  drawFrame(): void {
    const { clock, history } = this.context;
    const k = Math.min(clock.checkpoint, history.nCheckpoints - 1);
    if (!history.hasValues || k < 0 || !history.isReady(k)) return; // what is there stays
    this.shown = k;
    const part = clock.position - k;
    const share = part > 0.001 && k + 1 < history.nCheckpoints && history.isReady(k + 1) ? part : 0;
    if (this.painted !== k + share) this.painter.paint(this.brush, k, share);
    this.painted = k + share;
    if (this.picture?.k !== k) {
      this.mark();
      this.context.changed();
    } else if (clock.playing && this.painter.prepare((k + 1) % history.nCheckpoints))
      this.painter.prepare((k + 2) % history.nCheckpoints);
  }

  private current(): { k: number; buckets: Uint8Array; tally: Tally } {
    const k = this.shown;
    if (this.picture?.k !== k) this.picture = { k, ...this.links.buckets(k) };
    return this.picture;
  }

  private selected(): Selection | null {
    const { network } = this.context;
    return asLink(network, network.bundles, this.context.selection());
  }

  private focus(): Focus | null {
    return this.hovered ?? focusOf(this.context.network, this.selected());
  }

  private mark(): void {
    const { threshold, signs } = this.context.options();
    const { buckets } = this.current();
    markFocus(this.chrome, this.layout, this.focus());
    markLonely(this.chrome, this.links, buckets, threshold > 0 || signs.length < 2);
    this.outline();
  }

  private outline(): void {
    outline(this.chrome, this.links, this.painter.ends, [this.selected(), this.pointed], this.current().k);
  }

  private intents(): Intents {
    return {
      hover: (x, y) => this.hover(this.hit(x, y), x, y),
      leave: () => this.hover(null, 0, 0),
      click: (x, y) => this.click(this.hit(x, y)),
      pan: (dx, dy) =>
        this.setZoom({ ...this.zoomState, x: this.zoomState.x + dx, y: this.zoomState.y + dy }),
      zoom: (factor, x, y) => this.setZoom(zoomAbout(this.zoomState, factor, x, y)),
      fit: () => this.zoom("fit"),
      move: (direction) => this.move(direction),
      nextLink: (by) => this.nextLink(by),
      turn: (what) => this.turn(what),
      clear: () => this.context.select(null),
      canPanX: () => this.layout.width > this.size.width + 1,
    };
  }

  private hit(x: number, y: number): Hit | null {
    return pick(this.layout, this.painter.ends, this.current().buckets, this.links.mask(this.focus()), x, y);
  }

  private hover(hit: Hit | null, x: number, y: number): void {
    const selection = selectionOf(hit, this.links);
    const focus = isUnit(selection) ? focusOf(this.context.network, selection) : null;
    this.stage.style.cursor = hit ? "pointer" : "";
    this.pointed = isLink(selection) ? selection : null;
    if (JSON.stringify(focus) !== JSON.stringify(this.hovered)) {
      this.hovered = focus;
      this.repaint();
    } else this.outline();
    const [, y0, , y1] = hit?.kind === "link" ? this.painter.ends.subarray(4 * hit.index) : [0, 0, 0, 0];
    this.context.point(selection, x, y, y1 > y0);
  }

  private click(hit: Hit | null): void {
    if (hit?.kind === "tile") this.unfold(hit.group, hit.port);
    else if (hit?.kind === "fold")
      this.unfold(hit.group, this.layout.places.get(hit.group)!.form === "folded");
    else {
      const selection = selectionOf(hit, this.links);
      const same = JSON.stringify(selection) === JSON.stringify(this.context.selection());
      this.context.select(same ? null : selection);
    }
  }

  private unfold(group: string, port: string | boolean): void {
    this.context.setOptions({ unfolded: { ...this.context.options().unfolded, [group]: port } });
  }

  private turn(what: "gate" | "lane"): void {
    const next = nextFold(this.layout, this.context.selection(), what);
    if (next) this.unfold(next.group, next.to);
  }

  private move(direction: Direction): void {
    const selection = this.context.selection();
    const from = isLink(selection) && this.walkedFrom ? this.walkedFrom : selection;
    const next = nextUnit(this.layout, from, direction);
    if (next) this.context.select(next);
  }

  /** From a unit to its strongest link, and on through the others. */
  private nextLink(by: 1 | -1): void {
    const selection = this.context.selection();
    if (isUnit(selection)) this.walkedFrom = selection;
    if (!this.walkedFrom) return;
    const { group, unit } = this.walkedFrom;
    const shown = this.links.bundles.filter((bundle) => this.links.isShown(bundle));
    const rows = unitLinks(shown, this.context.history, group, unit, this.context.clock.checkpoint);
    this.context.select(nextRow(rows, selection, by));
  }

  isOnRight(selection: Selection | null): boolean {
    return (placeOf(this.context.network, this.layout, selection)?.x ?? 0) > this.size.width / 2;
  }

  private setZoom(zoom: Zoom): void {
    this.hovered = null; // what was pointed at has moved away
    this.pointed = null;
    this.context.point(null, 0, 0, false);
    this.zoomState = boundedZoom(zoom, this.base, this.size.width, this.size.height);
    this.place();
  }

  zoom(factor: number | "fit"): void {
    const { width, height } = this.size;
    if (factor === "fit") this.setZoom(wholeZoom(this.base, width));
    else this.setZoom(zoomAbout(this.zoomState, factor, width / 2, height / 2));
  }

  reveal(group: string, unit: number | null): void {
    const place = this.layout.places.get(group);
    if (!place) return;
    const x = this.zoomState.x + this.size.width / 2 - place.x;
    const y = unit === null ? this.zoomState.y : this.zoomState.y + this.size.height / 2 - place.unitY[unit];
    this.setZoom({ k: this.zoomState.k, x, y });
  }

  legend(): Legend {
    const { tally, k } = this.current();
    return graphLegend(this.context.network, this.layout, this.links, tally, k);
  }

  caption(): string {
    const { tally, buckets, k } = this.current();
    const faint = this.focus() ? 0 : (strongLinks(this.links, buckets, k)?.nFaint ?? 0);
    const { n: onStage } = this.links;
    return graphCaption(this.context, this.layout, { ...tally, faint, onStage, all: this.nLinks });
  }

  summary(): string {
    const text = graphSummary(this.context, this.links, this.current());
    this.stage.setAttribute("aria-label", text);
    return text;
  }

  destroy(): void {
    this.stage.remove();
  }
}

export const createGraph = (host: HTMLElement, context: ViewContext): View => new Graph(host, context);
