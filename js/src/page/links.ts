// Links to a moment: the page opens where its address says, and a button gives the address of what is shown.
import { hear, html, iconButton } from "../dom";
import { views } from "../views";
import { addressOf, isMeant, isMoment, type Moment, momentIn } from "./address";
import { embed, embedOnly } from "./chrome";
import type { PageDiagram } from "./diagram";

const LINK = "M6.5 9.5l3-3M7 4.5L8.5 3a2.8 2.8 0 0 1 4.3 4.3L11 9M9 11.5L7.5 13a2.8 2.8 0 0 1-4.3-4.3L5 7";
const SAID_MS = 4000;

/** What the address asks for; null if it is about something else, such as a heading of the page. */
function asked(): URLSearchParams | null {
  const params = new URLSearchParams(location.hash.slice(1));
  const [[first, value] = ["", ""]] = params;
  const isPlace = value === "" && params.size === 1 && document.getElementById(first) !== null;
  return isPlace || !isMoment(params) ? null : params;
}

const titleOf = ({ model, session }: PageDiagram): string => model.get("title") || session.network.name;

/** Go to a moment of one diagram; returns why not. */
function go(params: URLSearchParams, { model, session }: PageDiagram): string {
  const { network, history, histories, player } = session;
  const runs = [history, ...histories.filter(({ name }) => name !== history.name)];
  const moment = momentIn(params, { views: Object.keys(views), network, runs });
  if (typeof moment === "string") return moment;
  player.pause();
  if (moment.run !== undefined) model.set("options", { ...model.get("options"), run: moment.run });
  if (moment.view !== undefined) model.set("view", moment.view);
  if (moment.selection !== undefined) model.set("selection", moment.selection);
  if (moment.checkpoint !== undefined) player.seek(moment.checkpoint);
  return "";
}

export class Links {
  /** The diagram that the address has led to. */
  found: PageDiagram | null = null;
  readonly #diagrams: PageDiagram[];
  readonly #note = html("p", { class: "nwv-page-note", role: "status", hidden: true });

  constructor(diagrams: PageDiagram[]) {
    this.#diagrams = diagrams;
    addEventListener("hashchange", () => {
      for (const { host } of this.#diagrams) embed(host);
      this.obey();
    });
  }

  /** Before the last diagram is shown: where it opens, if it is the one that is meant. */
  open(): void {
    const params = asked();
    const k = this.#diagrams.length - 1;
    if (params && !this.found && isMeant(params, k, titleOf(this.#diagrams[k]))) this.#lead(params, k);
  }

  /** All diagrams are there: say so if none of them was meant, and bring the one that was into sight. */
  opened(): void {
    const params = asked();
    if (params && !this.found) this.obey();
    else this.#bring();
  }

  /** Bring the diagram that is meant into sight. */
  #bring(): void {
    embedOnly(this.#diagrams, this.found);
    if (asked()?.has("widget")) this.found?.host.scrollIntoView({ block: "nearest" });
  }

  obey(): void {
    const params = asked();
    this.#say("");
    if (!params) return;
    const k = this.#diagrams.findIndex((diagram, i) => isMeant(params, i, titleOf(diagram)));
    if (k >= 0) {
      this.#lead(params, k);
      this.#bring();
      return;
    }
    const titles = this.#diagrams.map((diagram, i) => `${i} (${titleOf(diagram)})`);
    this.#say(`The address asks for widget “${params.get("widget")}”; there are: ${titles.join(", ")}.`);
  }

  #lead(params: URLSearchParams, k: number): void {
    this.found = this.#diagrams[k];
    this.#say(go(params, this.found));
  }

  #say(why: string): void {
    this.#note.hidden = why === "";
    this.#note.textContent = why && `${why} It is ignored.`;
    (this.found ?? this.#diagrams[0])?.host.before(this.#note);
  }

  /** A button in the head of a shown diagram: the link to this moment, on the clipboard and in the address bar. */
  addButton(k: number, n: number): void {
    const diagram = this.#diagrams[k];
    const button = iconButton("Copy link to this moment", LINK);
    const said = html("span", { class: "nwv-page-said", role: "status" });
    hear(button, {
      click: async () => {
        const address = `#${addressOf(momentOf(diagram), n > 1 ? k : null)}`;
        said.textContent = await given(address);
        setTimeout(() => said.replaceChildren(), SAID_MS);
      },
    });
    const head = diagram.host.querySelector(".nwv-head")!;
    const buttons = html("div", "nwv-page-buttons", said, button, head.lastElementChild!);
    head.append(buttons);
  }
}

function momentOf({ model, session, opensSelected }: PageDiagram): Moment {
  const selection = model.get("selection") ?? (opensSelected ? null : undefined);
  const run = session.histories[1] ? session.history.name : undefined;
  return { checkpoint: session.player.checkpoint, view: model.get("view"), run, selection };
}

/** Put an address where the reader can take it from; says where that is. */
async function given(address: string): Promise<string> {
  const link = new URL(address, location.href).href;
  try {
    history.replaceState(history.state, "", address);
    await navigator.clipboard.writeText(link);
    return "Link copied";
  } catch {
    return link; // what is inside another page may have neither an address of its own nor the clipboard
  }
}
