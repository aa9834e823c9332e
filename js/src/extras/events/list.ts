// The list of events in words: by checkpoint, narrowed by kind and by layer, marked as the playhead moves.

import { type Attributes, hear, html, iconButton } from "../../dom";
import type { EventEntry } from "../../events";
import { type Moments, momentLabel } from "../../panel/moment";
import { formatCount } from "../../scale";
import type { Found } from "./found";
import { glyphOf } from "./glyphs";

const CROSS = "M4 4l8 8M12 4l-8 8";
const PAGE = 8;
const ALL = "";

const layerOf = ({ layer, metric }: EventEntry): string => layer ?? metric ?? "the whole run";
const keyOf = ({ checkpoint, sentence }: EventEntry): string => `${checkpoint} ${sentence}`;

export interface ListContext {
  found: Found;
  moments: Moments;
  checkpoint(): number;
  /** Go to an event, and select what it is about. */
  jump(event: EventEntry): void;
  close(): void;
}

/** What happened at one checkpoint. */
interface Occasion {
  checkpoint: number;
  element: HTMLElement;
}

/** One of several, or all, with how often each is there. */
function filter(label: string, all: string, changed: () => void) {
  const select = html("select", { "aria-label": label, class: "nwv-filter" });
  hear(select, { change: changed });
  const show = (names: string[]): void => {
    const counts = new Map<string, number>();
    for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
    const { value } = select;
    if (value && !counts.has(value)) counts.set(value, 0); // what was chosen stays so
    const options = [...counts].map(([name, n]) => html("option", { value: name }, `${name} (${n})`));
    select.replaceChildren(html("option", { value: ALL }, all), ...options);
    select.value = value;
  };
  return { select, show };
}

export class EventList {
  readonly #context: ListContext;
  readonly #kinds = filter("Kind of event", "all kinds", () => this.#list());
  readonly #layers = filter("Layer or metric", "all layers and metrics", () => this.#list());
  readonly #status = html("span", { class: "nwv-events-status", role: "status" });
  readonly #note = html("p", "nwv-events-note");
  readonly #rows = html("ol", "nwv-occasions");
  readonly #rules = html("dl");
  readonly #sought = html("details", "nwv-sought", html("summary", {}, "what is looked for"), this.#rules);
  #shown: unknown = null;
  #buttons: HTMLButtonElement[] = [];
  #occasions: Occasion[] = [];
  #now: HTMLElement | null = null;

  constructor(host: HTMLElement, context: ListContext) {
    this.#context = context;
    const cross = iconButton("Close the list of events", CROSS);
    hear(cross, { click: () => context.close() });
    const filters = html("span", "nwv-filters", this.#kinds.select, this.#layers.select);
    const head = html("div", "nwv-events-head", filters, this.#status, cross);
    host.append(head, this.#note, this.#rows, this.#sought);
    hear(this.#rows, { keydown: (event) => this.#walk(event) });
    this.update();
  }

  update(): void {
    const { found } = this.#context;
    const { index } = found;
    if (index !== this.#shown) {
      this.#shown = index;
      this.#kinds.show(found.entries.map(({ kind }) => kind));
      this.#layers.show(found.entries.map(layerOf));
      const rules = Object.entries(index?.rules ?? {});
      this.#rules.replaceChildren(
        ...rules.map(([kind, rule]) =>
          html("div", {}, html("dt", {}, glyphOf(kind), kind), html("dd", {}, rule)),
        ),
      );
      this.#sought.hidden = rules.length === 0;
      this.#sought.open = index !== null && index.events.length === 0;
      this.#list();
    }
    this.#note.textContent = this.#describe();
  }

  /** What the list lacks, in words. */
  #describe(): string {
    const { found, moments } = this.#context;
    const { index, error, isLooking } = found;
    const n = formatCount(moments.nCheckpoints);
    const said: string[] = [];
    if (isLooking && !index) said.push(`looking for events in ${n} checkpoints …`);
    if (index && index.n_checkpoints < moments.nCheckpoints)
      said.push(
        `of the first ${formatCount(index.n_checkpoints)} of ${n} checkpoints${isLooking ? "; looking again …" : ""}`,
      );
    for (const [kind, count] of Object.entries(index?.n_left_out ?? {}))
      said.push(`of “${kind}”, the largest are listed, and ${formatCount(count)} smaller ones are not`);
    if (error) said.push(`${error}; open this list again to look again`);
    return said.join(" · ");
  }

  #list(): void {
    const { found } = this.#context;
    const [kind, layer] = [this.#kinds.select.value, this.#layers.select.value];
    const chosen = found.entries.filter(
      (event) => (!kind || event.kind === kind) && (!layer || layerOf(event) === layer),
    );
    const root = this.#rows.getRootNode() as Document;
    const hadFocus = this.#rows.contains(root.activeElement) ? root.activeElement : null;
    this.#buttons = [];
    this.#occasions = [];
    for (const event of chosen) {
      const last = this.#occasions[this.#occasions.length - 1];
      const occasion = last?.checkpoint === event.checkpoint ? last : this.#occasion(event.checkpoint);
      const button = this.#button(event);
      this.#buttons.push(button);
      occasion.element.lastElementChild!.append(html("li", {}, button));
    }
    this.#rows.replaceChildren(...this.#occasions.map(({ element }) => element));
    this.#rows.hidden = chosen.length === 0;
    const n = found.entries.length;
    const count = `${formatCount(chosen.length)} of ${formatCount(n)} shown`;
    this.#status.textContent = n > 0 ? count : found.index ? "no events found" : "";
    this.#now = null;
    this.#mark(this.#context.checkpoint());
    const again =
      hadFocus && this.#buttons.find(({ value }) => value === (hadFocus as HTMLButtonElement).value);
    this.#stop(again ?? this.#buttons[0], again !== null && again !== undefined);
  }

  #occasion(checkpoint: number): Occasion {
    const label = momentLabel(checkpoint, this.#context.moments).replace(/ \([^(]*\)$/, "");
    const element = html(
      "li",
      "nwv-occasion",
      html("span", "nwv-occasion-label", label),
      html("ul", { "aria-label": label }),
    );
    const occasion = { checkpoint, element };
    this.#occasions.push(occasion);
    return occasion;
  }

  #button(event: EventEntry): HTMLButtonElement {
    const attributes: Attributes = {
      type: "button",
      class: "nwv-happening",
      tabindex: -1,
      value: keyOf(event),
    };
    const button = html("button", attributes, glyphOf(event.kind), html("span", {}, event.sentence));
    hear(button, {
      click: () => {
        this.#stop(button, false);
        this.#context.jump(event);
      },
    });
    return button;
  }

  /** One row is in the order of Tab; arrows lead from it to the others. */
  #stop(button: HTMLButtonElement | undefined, isFocused: boolean): void {
    for (const other of this.#buttons) other.tabIndex = other === button ? 0 : -1;
    if (isFocused) button?.focus();
  }

  #walk(event: KeyboardEvent): void {
    const at = this.#buttons.indexOf(event.target as HTMLButtonElement);
    const steps: Record<string, number> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      PageUp: at - PAGE,
      PageDown: at + PAGE,
      Home: 0,
      End: this.#buttons.length - 1,
    };
    if (at < 0 || !Object.hasOwn(steps, event.key)) return;
    event.preventDefault();
    this.#stop(this.#buttons[Math.max(0, Math.min(this.#buttons.length - 1, steps[event.key]))], true);
  }

  move(checkpoint: number): void {
    this.#mark(checkpoint);
  }

  /** Mark what happened at the playhead, or last before it, and keep it in sight unless the reader is in the list. */
  #mark(checkpoint: number): void {
    const before = this.#occasions.filter((occasion) => occasion.checkpoint <= checkpoint);
    const now = before[before.length - 1]?.element ?? null;
    if (now === this.#now) return;
    this.#now?.removeAttribute("aria-current");
    now?.setAttribute("aria-current", "true");
    this.#now = now;
    const list = this.#rows;
    if (!now || list.matches(":hover, :focus-within")) return;
    const isAbove = now.offsetTop < list.scrollTop;
    const isBelow = now.offsetTop + now.offsetHeight > list.scrollTop + list.clientHeight;
    if (isAbove || isBelow) list.scrollTop = now.offsetTop - list.clientHeight / 3;
  }
}
