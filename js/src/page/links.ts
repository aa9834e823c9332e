// Links to a moment: the page opens where its address says, and a button gives the address of what is shown.
import { hear, html, iconButton } from "../dom";
import { views } from "../views";
import { absent, addressOf, isMoment, type Moment, meantBy, momentIn } from "./address";
import { embed, embedOnly } from "./chrome";
import type { PageDiagram } from "./diagram";

const LINK = "M6 10l4-4M7 4l2-2a3 3 0 0 1 5 5l-2 2M9 12l-2 2a3 3 0 0 1-5-5l2-2";
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
  const { run, checkpoint, ...traits } = moment;
  if (run) model.set("options", { ...model.get("options"), run });
  for (const [trait, value] of Object.entries(traits)) model.set(trait, value);
  player.seek(checkpoint ?? player.checkpoint);
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
      for (const { host } of diagrams) embed(host);
      this.#obey(true);
    });
  }

  /** Before the last diagram so far is shown: where it opens, if it is the one that is meant. */
  open(): void {
    if (!this.found) this.#obey(false);
  }

  /** All diagrams are there: say so if none of them was meant, and bring the one that was into sight. */
  opened(): void {
    if (this.found) this.#bring();
    else this.#obey(true);
  }

  #bring(): void {
    embedOnly(this.#diagrams, this.found);
    if (asked()?.has("widget")) this.found?.host.scrollIntoView({ block: "nearest" });
  }

  #obey(isAll: boolean): void {
    const params = asked();
    const titles = this.#diagrams.map(titleOf);
    this.found = (params && this.#diagrams[meantBy(params, titles)]) ?? null;
    let why = "";
    if (params && this.found) why = go(params, this.found);
    else if (params && isAll) {
      const there = titles.map((title, k) => `${k} (${title})`).join(", ");
      why = absent("widget", params.get("widget")!, there);
    }
    this.#note.hidden = !why;
    this.#note.textContent = `${why} It is ignored.`;
    if (why) (this.found ?? this.#diagrams[0]).host.before(this.#note);
    if (isAll) this.#bring();
  }

  /** A button in the head of a shown diagram: the link to this moment, on the clipboard and in the address bar. */
  addButton(k: number, n: number): void {
    if (location.protocol === "about:") return; // a frame has no address of its own
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
    diagram.host.querySelector(".nwv-head")!.lastElementChild!.before(said, button);
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
