// The trajectory view: weights, or numbers of layers, parameters and gates, against time. Puts data, plot and gestures
// together.
import { html } from "../dom";
import { formatValue, type Rgb } from "../scale";
import type { View, ViewContext } from "../views/context";
import { Figure } from "./figure";
import { hueOf } from "./hues";
import { type Collected, Collector } from "./trajectory/collect";
import { listenTo, type Point } from "./trajectory/gestures";
import { Keys, ofWithout } from "./trajectory/keys";
import { areAlike, type Line } from "./trajectory/lines";
import { markedOf } from "./trajectory/marks";
import { Plot, type Zoom } from "./trajectory/plot";
import { besideOf, Readout } from "./trajectory/readout";
import { Sheet } from "./trajectory/sheet";
import { type Time, timeOf } from "./trajectory/time";
import { fillTools } from "./trajectory/tools";
import css from "./trajectory/trajectory.css";
import {
  captionOf,
  emptyWords,
  nameOf,
  selectionOf,
  strongestAt,
  summaryOf,
  type Told,
  titleOf,
} from "./trajectory/words";

const MARGIN = { left: 62, top: 12, right: 14, bottom: 42 };
const WHOLE: Zoom = { x: null, y: null };
const KEYS =
  "Lines over time: left and right go through checkpoints, up and down from line to line, Enter selects, plus and minus zoom, 0 shows all";

class Trajectory implements View {
  readonly #context: ViewContext;
  readonly #figure: Figure;
  readonly #sheet: Sheet;
  readonly #collector = new Collector(() => this.#later());
  readonly #keys: Keys;
  readonly #readout: Readout;
  readonly #tools;
  #found!: Collected;
  #time!: Time;
  #plot!: Plot;
  #zoom = WHOLE;
  #zoomOf = ""; // what the zoom is of
  #stamp = ""; // what is drawn, where all is there
  #empty: string | null = null; // why nothing is drawn
  #lit: Line | null = null;
  #isReadByKeys = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isGone = false;

  constructor(host: HTMLElement, context: ViewContext) {
    this.#context = context;
    host.append(html("style", {}, css));
    this.#figure = new Figure(host, context, "plot of lines over time");
    this.#figure.stage.classList.add("nwv-plot");
    this.#figure.stage.setAttribute("aria-label", KEYS);
    this.#sheet = new Sheet(this.#figure.svg);
    this.#readout = new Readout(host, this.#sheet);
    this.#keys = new Keys(this.#figure.keys);
    this.#tools = fillTools(context, () => this.#zoomTo(WHOLE));
    listenTo(this.#figure.stage, {
      point: (at) => this.#point(at),
      click: (at) => this.#click(at),
      draw: (from, to) => {
        this.#point(null);
        this.#sheet.brush(from, to);
      },
      zoomTo: (from, to) => this.#zoomTo(this.#plot.zoomBetween(from, to)),
      zoomBy: (factor, move) => this.#zoomTo(this.#plot.zoomBy(factor, this.#centre(), move)),
      reset: () => this.#zoomTo(WHOLE),
      step: (by) => this.#step(by),
      walk: (by) => this.#walk(by),
      choose: () => this.#lit && this.#select(this.#lit),
    });
    this.update();
  }

  /** The number of the run that is shown. */
  get #shown(): number {
    const { histories, history } = this.#context;
    return Math.max(
      0,
      histories.findIndex(({ name }) => name === history.name),
    );
  }

  get #isSingle(): boolean {
    return this.#context.options().trajectory === "weights";
  }

  get #told(): Told {
    const { histories } = this.#context;
    return {
      found: this.#found,
      plot: this.#plot,
      options: this.#context.options(),
      runs: histories,
      empty: this.#empty,
    };
  }

  #hue = (part: number): Rgb => hueOf(Math.max(0, part), this.#found.all.length, this.#context.isDark());

  #later(): void {
    if (this.#timer !== null || this.#isGone) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#stamp = "";
      this.update();
    });
  }

  update(): void {
    const { histories: runs, network } = this.#context;
    const options = this.#context.options();
    const selection = this.#context.selection();
    this.#figure.measure();
    const data = runs.map((run) => [run.revision, run.nCheckpoints, run.hasValues, run.precision]);
    const looks = [
      this.#figure.size,
      this.#context.isDark(),
      runs[this.#shown].steps,
      runs[this.#shown].epochs,
    ];
    const stamp = JSON.stringify([options, selection, data, looks]);
    if (stamp === this.#stamp) return;
    const isLog = options.log_axes.includes("x");
    this.#time = timeOf(runs, runs[this.#shown], options.x, isLog);
    this.#found = this.#collector.collect({ network, runs, options, selection });
    const zoomOf = [options.trajectory, options.normalise, options.log_axes, options.x, options.run].join(
      "|",
    );
    if (zoomOf !== this.#zoomOf) this.#zoom = WHOLE;
    this.#zoomOf = zoomOf;
    const isComplete = this.#found.nHere === this.#found.nAll && !this.#found.isAsked;
    this.#stamp = isComplete ? stamp : ""; // what is not, is looked at again whenever there may be more
    this.#draw();
    if (this.#found.isBusy && !isComplete) this.#later();
  }

  #draw(): void {
    const options = this.#context.options();
    const { width, height } = this.#figure.size;
    const { left, top } = MARGIN;
    const box = { left, top, right: width - MARGIN.right, bottom: height - MARGIN.bottom };
    const { lines, all } = this.#found;
    const plot = new Plot(lines, this.#time, box, this.#zoom, options.log_axes.includes("y"));
    this.#plot = plot;
    plot.draw(this.#figure.brush(), this.#hue, all.length);
    this.#empty = emptyWords(this.#found, options, plot.extent === null ? 0 : plot.lines.length);
    this.#sheet.draw(plot, titleOf(options).axis, this.#empty);
    this.#sheet.mark(plot, markedOf(this.#told, this.#context.network, this.#hue));
    const before = this.#lit;
    this.#light(before && (plot.lines.find((l) => l.run === before.run && areAlike(l, before)) ?? null));
    this.#drawKeys();
    this.#tools.refresh(plot.isZoomed);
    this.drawFrame();
    this.#context.changed();
  }

  #drawKeys(): void {
    const { network, histories } = this.#context;
    const { all, shown } = this.#found;
    const { extent } = this.#plot;
    const options = this.#context.options();
    const { axis } = titleOf(options);
    this.#keys.draw({
      all,
      shown,
      hueOf: this.#hue,
      runs: histories.length > 1 ? histories.map(({ name }, number) => ({ name, number })) : [],
      words: extent ? `${axis} from ${formatValue(extent.low)} to ${formatValue(extent.high)}` : "",
      choose: (part, alone) =>
        this.#context.setOptions({ of: alone ? [part.name] : ofWithout(network, options, all, part) }),
    });
  }

  drawFrame(): void {
    const { clock } = this.#context;
    const x = this.#plot.headAt(this.#shown, clock.position);
    this.#sheet.move(this.#plot.isInside(x) ? x : null);
    if (this.#isReadByKeys) this.#readAtHead();
  }

  #zoomTo(zoom: Zoom): void {
    this.#zoom = zoom;
    this.#point(null);
    this.#draw();
  }

  #light(line: Line | null): void {
    this.#lit = line;
    this.#sheet.light(this.#plot, line, line && this.#hue(line.part));
  }

  #point(at: Point | null): void {
    this.#isReadByKeys = false;
    const { box } = this.#plot;
    const isOn = at && at.x >= box.left && at.x <= box.right && at.y >= box.top && at.y <= box.bottom;
    if (!isOn) this.#read(null, null);
    else if (this.#isSingle) this.#read(at, this.#plot.lineAt(at.x, at.y));
    else this.#read(at, null);
  }

  #read(at: Point | null, line: Line | null): void {
    if (line !== this.#lit) this.#light(line);
    const { network } = this.#context;
    this.#readout.show(at, line, { told: this.#told, network, shown: this.#shown, hueOf: this.#hue });
  }

  #click(at: Point): void {
    const line = this.#isSingle ? this.#plot.lineAt(at.x, at.y) : null;
    const k = this.#plot.checkpointAt(this.#shown, at.x);
    if (line) this.#select(line);
    else if (k >= 0 && this.#plot.isInside(at.x)) this.#context.clock.seek(k);
  }

  /** Select the link of a line; once more, nothing. */
  #select({ weight }: Line): void {
    if (!weight) return;
    const { marked } = this.#found;
    const isSelected =
      this.#found.markedParts.size > 0 &&
      marked.some(({ parameter, entry }) => parameter === weight.parameter && entry === weight.entry);
    this.#context.select(isSelected ? null : selectionOf(this.#context.network, weight));
  }

  #step(by: number): void {
    const { clock, history } = this.#context;
    this.#isReadByKeys = true;
    clock.seek(Math.max(0, Math.min(history.nCheckpoints - 1, clock.checkpoint + by)));
    this.#readAtHead();
  }

  /** Light up the next line above or below at the playhead. */
  #walk(by: number): void {
    const { checkpoint } = this.#context.clock;
    const shown = this.#context.histories[this.#shown];
    const at = (line: Line) => line.values[besideOf(this.#context.histories[line.run], shown, checkpoint)];
    const lines = this.#plot.lines.filter((line) => Number.isFinite(at(line))).sort((a, b) => at(a) - at(b));
    if (lines.length === 0) return;
    const now = this.#lit ? lines.indexOf(this.#lit) : -1;
    const next = now < 0 ? (by > 0 ? 0 : lines.length - 1) : now + by;
    this.#light(lines[Math.max(0, Math.min(lines.length - 1, next))]);
    this.#isReadByKeys = true;
    this.#readAtHead();
    this.#context.changed();
  }

  #readAtHead(): void {
    this.#read(this.#centre(), this.#lit);
  }

  /** At the playhead, on the line that is lit. */
  #centre(): Point {
    const { box } = this.#plot;
    const { checkpoint } = this.#context.clock;
    const line = this.#lit;
    const run = line?.run ?? this.#shown;
    const [head, y] = [
      this.#plot.xsOf(run)[Math.min(checkpoint, this.#plot.xsOf(run).length - 1)],
      line ? this.#plot.track(line).y[checkpoint] : Number.NaN,
    ];
    const x = this.#plot.isInside(head) ? head : (box.left + box.right) / 2;
    return { x, y: Number.isFinite(y) ? y : (box.top + box.bottom) / 2 };
  }

  resize(): void {
    if (this.#figure.measure()) this.#draw();
  }

  redraw(): void {
    this.#draw();
  }

  rest(): void {}

  isDrawn(): boolean {
    return true;
  }

  destroy(): void {
    this.#isGone = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  caption(): string {
    return captionOf(this.#told);
  }

  summary(): string {
    const { checkpoint } = this.#context.clock;
    const lit = this.#lit?.weight;
    const names = lit && nameOf(this.#context.network, lit);
    const value = this.#lit?.values[checkpoint];
    const told = names
      ? `${names.link ?? names.entry}: ${formatValue(value)}.`
      : strongestAt(this.#told, this.#context.network, this.#shown, checkpoint);
    return summaryOf(this.#told, this.#shown, checkpoint, told);
  }
}

export const createTrajectory = (host: HTMLElement, context: ViewContext): View =>
  new Trajectory(host, context);
