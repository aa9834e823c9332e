// What of a page is shown inside another one: `?embed` or `#embed` leaves the pictures and their timelines.
import type { Options } from "../options";
import type { PageDiagram } from "./diagram";

type Theme = Options["theme"];
const THEMES: Theme[] = ["light", "dark", "auto"];

export const parameters = (): URLSearchParams =>
  new URLSearchParams(`${location.search.slice(1)}&${location.hash.slice(1)}`);

/** The theme that an address asks for, in place of the page's; null if there is no such theme. */
export const themeIn = (asked: URLSearchParams): Theme | undefined =>
  THEMES.find((theme) => theme === asked.get("theme"));

/** How much of a diagram an address leaves; null if it says nothing of it. */
export function chromeIn(asked: URLSearchParams): "timeline" | "none" | null {
  const embed = asked.get("embed");
  return embed === null ? null : embed === "none" ? "none" : "timeline";
}

/** Show as much of a diagram as the address asks for, else as the page says. */
export function embed(host: HTMLElement): void {
  const asked = parameters();
  const chrome = chromeIn(asked);
  host.dataset.whole ??= host.dataset.chrome ?? "";
  host.dataset.chrome = chrome ?? host.dataset.whole;
  if (!host.dataset.chrome) delete host.dataset.chrome;
  const root = document.documentElement;
  root.toggleAttribute("data-nnweightviz-embedded", chrome !== null);
  root.style.colorScheme = (themeIn(asked) ?? "auto").replace("auto", "");
}

/** Of several diagrams, an address that embeds one of them shows that one alone. */
export function embedOnly(diagrams: PageDiagram[], found: PageDiagram | null): void {
  const asked = parameters();
  const isAlone = found !== null && chromeIn(asked) !== null && asked.has("widget");
  for (const diagram of diagrams) diagram.host.hidden = isAlone && diagram !== found;
}
