// The graph view: a layer-by-layer node-link diagram with every link crisp. Puts layout, links, images and gestures together.
import { Bands, bandWords } from "../bands";
import { asLink, isLink, isUnit, type Selection } from "../describe";
import { html, put } from "../dom";
import { centreOf } from "../hanging";
import type { Tally } from "../images/plan";
import { isDrawable, type Layout } from "../layout";
import type { Network } from "../network";
import { PALETTES, PAPERS } from "../scale";
import type { Diagram, Legend, ViewContext } from "./context";
import { type Boxes, drawBoxes } from "./graph/boxes";
import { type Chrome, drawChrome } from "./graph/chrome";
import { createEdges, type Edges } from "./graph/edges";
import { type Focus, focusOf, isRightOf } from "./graph/focus";
import { Gallery, isPictured, noteOf, portraitSummary, portrayedBy } from "./graph/gallery";
import { type Intents, listen } from "./graph/gestures";
import { Links } from "./graph/links";
import { markFocus, markLonely, outline } from "./graph/marks";
import { Opened } from "./graph/opened";
import { Overlay } from "./graph/overlay";
import { type Hit, pick, selectionOf } from "./graph/pick";
import { Reader } from "./graph/reader";
import { Reorder } from "./graph/reorder";
import { graphLegend } from "./graph/scales";
import { Scene } from "./graph/scene";
import { Screen } from "./graph/screen";
import { Striped } from "./graph/striped";
import { endsOfLink } from "./graph/strips";
import { graphCaption, graphSummary } from "./graph/words";
import { boundedZoom, wholeZoom, type Zoom, zoomAbout, zoomed } from "./graph/zoom";

const pixelRatio = () => Math.min(3, globalThis.devicePixelRatio || 1);

class Graph implements Diagram {
  readonly #given: ViewContext;
  readonly #stage: HTMLElement;
  readonly #screen: Screen;
  readonly #edges: Edges;
  readonly opened: Opened;
  context: ViewContext; // of the network that is drawn: closed blocks are boxes in it
  bands!: Bands;
  #chrome!: Chrome;
  #boxes!: Boxes;
  #base!: Layout; // before zooming
  layout!: Layout;
  links!: Links;
  readonly #reorder = new Reorder();
  readonly #gallery = new Gallery();
  readonly #striped = new Striped();
  readonly #overlay: Overlay;
  zoomState: Zoom = { k: 1, x: 0, y: 0 };
  #hovered: Focus | null = null;
  #pointed: Selection | null = null;
  readonly #reader: Reader;
  #scene!: Scene;
  size = { width: 0, height: 0, ratio: 1 };

  constructor(host: HTMLElement, given: ViewContext) {
    this.#given = given;
    this.opened = new Opened(given);
    this.context = given;
    this.#reader = new Reader(() => this);
    this.#screen = new Screen(given, () => {
      this.#mark();
      this.#overlay.draw(this.#screen.shown);
    });
    this.#stage = html(
      "div",
      { class: "nwv-stage", tabindex: 0, role: "application", "aria-roledescription": "network diagram" },
      this.#screen.canvas,
    );
    host.append(this.#stage);
    this.#overlay = new Overlay(given, this.#stage, () => this.#given.refresh());
    const intents = this.#intents();
    listen(this.#stage, intents, given.signal);
    this.#edges = createEdges(this.#stage, (dx) => intents.pan(dx, 0));
    this.update();
  }

  get network(): Network {
    return this.context.network;
  }

  get nLinks(): number {
    return this.#given.network.bundles.reduce((n, { shape }) => n + shape[0] * shape[1], 0);
  }

  get nLinksDrawn(): number {
    return this.#tally().drawn;
  }

  update(): void {
    const opened = this.opened.update();
    const { fold_above: most, open_bands: open, fold_by } = opened.options();
    const clusters = fold_by === "index" ? null : opened.history.orders.correlation;
    this.bands = new Bands(opened.network, { most, open, clusters, keeps: (g) => isPictured(opened, g) });
    this.context = {
      ...opened,
      network: this.bands.network,
      selection: () => this.bands.toShown(opened.selection()),
      select: (selection) => opened.select(this.bands.toWhole(selection)),
    };
    const options = this.context.options();
    const { network, history } = this.context;
    const height = this.#overlay.height(this.context.height(), network);
    const width = this.#stage.clientWidth || 900;
    this.size = { width, height, ratio: pixelRatio() };
    this.#stage.style.height = `${height}px`;
    const order = this.#reorder.read(this.context, this.#base, this.#screen.canvas);
    const { unfolded, strips } = options;
    const exhibits = this.#gallery.exhibits(this.context);
    const pictured = this.#overlay.groups();
    const looks = { ...this.size, ...this.opened.room(), unfolded, order, exhibits, pictured };
    this.#base = this.#striped.layout(network, looks, strips);
    const x = this.opened.panned(this.#base, this.zoomState, width);
    this.zoomState = boundedZoom({ ...this.zoomState, x }, this.#base, width, height);
    const drawn = network.bundles.filter((b) => this.#base.places.has(b.target)).map((b) => b.parameter);
    for (const run of history.peers) run.want(drawn);
    const domains = this.links?.lasting ?? new Map();
    this.links = new Links(network, history, options, (b) => isDrawable(this.#base, b), domains);
    this.links.scaledAs = this.#given.scaledAs?.() ?? null;
    this.#place();
  }

  resize(): void {
    if (this.#stage.clientWidth !== this.size.width || pixelRatio() !== this.size.ratio) this.update();
  }

  leave = (): void => this.#hover(null, 0, 0);
  canStrip = (): boolean => this.#striped.isPossible;
  isShaded = (): boolean => this.#scene.isCrowded;
  rest = (): void => this.#screen.rest();
  redraw = (): void => this.#screen.redraw();
  drawFrame = (): void => {
    this.#boxes.move(this.context.clock.checkpoint);
    this.#striped.move(this.context.clock.position);
    this.#screen.drawFrame();
  };
  isDrawn = (k: number): boolean => this.#screen.isDrawn(k);

  /** Lay out at the current zoom, redraw the SVG, and start a new set of images. */
  #place(): void {
    const { network } = this.context;
    this.layout = zoomed(this.#base, this.zoomState);
    this.#scene = new Scene(network, this.layout, this.links, this.context.options());
    this.#screen.resize(this.size);
    this.#order(); // first: it is made while all else is drawn
    const [{ k }, { width }] = [this.zoomState, this.size];
    put(this.#stage, "data-zoomed", k > 1);
    this.#boxes = drawBoxes(this.layout, this.opened, this.bands, this.context.history, { width, zoom: k });
    this.#boxes.move(this.context.clock.checkpoint);
    const chrome = drawChrome(network, this.layout, this.context.options().labels, this.#boxes);
    if (this.#chrome) this.#chrome.root.replaceWith(chrome.root);
    else this.#screen.canvas.after(chrome.root);
    this.#edges.update(this.layout, width);
    this.#chrome = chrome;
    this.#striped.place(this, this.#stage, () => this.#place());
    this.#overlay.place(this.layout, this.size, this.#screen.shown);
    this.#mark();
    this.#reorder.play(chrome, this.#base, k, this.#screen.canvas);
  }

  #repaint(): void {
    this.#order();
    this.#mark();
  }

  /** New images: the focus, the looks or the theme changed. What is there stays until they come. */
  #order(): void {
    const theme = this.context.isDark() ? "dark" : "light";
    const looks = { ...this.size, palette: PALETTES[theme], paper: PAPERS[theme] };
    const [scene, focus] = [this.#scene, this.#focus()];
    this.#screen.change(scene.plan(looks, focus), (k) => scene.order(k, focus));
  }

  #tally(): Tally {
    return this.#screen.tally ?? this.#scene.classify(this.#screen.shown).tally;
  }

  #selected(): Selection | null {
    const { network } = this.context;
    return asLink(network, network.bundles, this.context.selection());
  }

  #focus(): Focus | null {
    return this.#hovered ?? focusOf(this.context.network, this.#selected());
  }

  #mark(): void {
    const { threshold, signs } = this.context.options();
    markFocus(this.#chrome, this.layout, this.#focus());
    this.#boxes.byGroup.get(this.opened.groupOf(this.#selected()) ?? "")?.classList.add("nwv-is-focus");
    const isFiltered = threshold > 0 || signs.length < 2;
    const buckets = isFiltered ? this.#scene.classify(this.#screen.shown).buckets : null;
    markLonely(this.#chrome, this.links, buckets);
    this.#outline();
    this.context.changed();
  }

  #outline(): void {
    const marked = [this.#selected(), this.#pointed];
    outline(this.#chrome, this.#scene, marked, this.#screen.shown);
    this.#striped.mark(marked);
  }

  #intents(): Intents {
    return {
      hover: (x, y) => this.#hover(this.#hit(x, y), x, y),
      leave: this.leave,
      click: (x, y) => this.#reader.click(this.#hit(x, y)),
      open: () => this.#reader.open(this.opened.blockOf(this.#given.selection())),
      close: () => this.#reader.close(this.opened.around(this.#given.selection())),
      pan: (dx, dy) =>
        this.#setZoom({ ...this.zoomState, x: this.zoomState.x + dx, y: this.zoomState.y + dy }),
      zoom: (factor, x, y) => this.#setZoom(zoomAbout(this.zoomState, factor, x, y)),
      fit: () => this.zoom("fit"),
      move: (direction) => this.#reader.move(direction),
      nextLink: (by) => this.#reader.nextLink(by),
      turn: (what) => this.#reader.turn(what),
      clear: () => this.context.select(null),
      canPanX: () => this.layout.width > this.size.width + 1,
    };
  }

  #hit(x: number, y: number): Hit | null {
    const block = this.#boxes.closable(x, y);
    if (block) return { kind: "frame", block };
    const targets = () => this.#scene.targets(this.#screen.shown, this.#focus());
    return this.#striped.hit(x, y) ?? pick(this.layout, targets, x, y);
  }

  /** What a reader who points here means. */
  named(hit: Hit | null): Selection | null {
    const portrayed = portrayedBy(this.layout, this.context.selection());
    return this.opened.named(selectionOf(hit, this.links, portrayed));
  }

  #hover(hit: Hit | null, x: number, y: number): void {
    const selection = this.named(hit);
    this.#overlay.point(x, y);
    const focus =
      isUnit(selection) && hit?.kind !== "pixel" ? focusOf(this.context.network, selection) : null;
    this.#stage.style.cursor = hit ? "pointer" : "";
    this.#pointed = isLink(selection) ? selection : null;
    if (JSON.stringify(focus) !== JSON.stringify(this.#hovered)) {
      this.#hovered = focus;
      this.#repaint();
    } else this.#outline();
    const [, y0, , y1] = hit?.kind === "link" ? endsOfLink(this.#scene.strips, hit.index) : [0, 0, 0, 0];
    this.context.point(selection, x, y, y1 > y0, hit?.kind === "strip" ? hit.checkpoint : undefined);
  }

  isOnRight(selection: Selection | null): boolean {
    return isRightOf(this.size.width / 2, this.layout, this.context.network, this.opened.standing(selection));
  }

  zoomTo(zoom: Zoom): void {
    if (JSON.stringify(zoom) !== JSON.stringify(this.zoomState)) this.#setZoom(zoom);
  }

  #setZoom(zoom: Zoom): void {
    this.#hovered = this.#pointed = null; // what was pointed at has moved away
    this.context.point(null, 0, 0, false);
    const before = this.zoomState;
    this.zoomState = boundedZoom(zoom, this.#base, this.size.width, this.size.height);
    this.#screen.stretch(before, this.zoomState, this.size);
    this.#place();
    this.#given.zoomed?.(this.zoomState);
  }

  zoom(factor: number | "fit"): void {
    const { width, height } = this.size;
    if (factor === "fit") this.#setZoom(wholeZoom(this.#base, width));
    else this.#setZoom(zoomAbout(this.zoomState, factor, width / 2, height / 2));
  }

  reveal(group: string, unit: number | null): Selection {
    const selection = this.opened.find(group, unit);
    const place = this.layout.places.get(this.opened.groupOf(selection) ?? "");
    if (!place) return selection;
    const { width, height } = this.size;
    const [atX, atY] = isUnit(selection) && unit !== null ? centreOf(place, unit) : [place.x, height / 2];
    const { k, x, y } = this.zoomState;
    this.#setZoom({ k, x: x + width / 2 - atX, y: y + height / 2 - (atY || height / 2) });
    return selection;
  }

  legend(): Legend {
    return graphLegend(this.context, this.#scene, this.#tally(), this.#screen.shown);
  }

  noteOf = (selection: Selection) => noteOf(this.layout, selection) ?? this.#overlay.noteOf(selection);
  enlarged = (selection: Selection) => this.#overlay.enlarged(selection);

  caption(): string {
    const [k, onStage, folded] = [this.#screen.shown, this.links.n, this.opened.folded()];
    const counts = { ...this.#tally(), k, onStage, folded };
    const order = this.#reorder.words(this.context);
    const bands = bandWords(this.bands, this.context.history.hasKernel);
    const portraits = this.#gallery.words(this.layout, this.context.network);
    const looks = [order, portraits, bands, this.#striped.words(), this.#overlay.words()];
    return graphCaption(this.context, this.layout, counts, looks);
  }

  summary(): string {
    const links = graphSummary(this.context, this.links, { k: this.#screen.shown, tally: this.#tally() });
    const text = [links, portraitSummary(this.layout)].filter(Boolean).join(" ");
    this.#stage.setAttribute("aria-label", text);
    return text;
  }

  destroy(): void {
    this.#overlay.close();
    this.#screen.close();
    this.#striped.close();
    this.#stage.remove();
  }
}

export const createGraph = (host: HTMLElement, context: ViewContext): Diagram => new Graph(host, context);
