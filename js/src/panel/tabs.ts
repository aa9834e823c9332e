// The views of a display as tabs: one is shown.
import { hear, html, put } from "../dom";

const KEYS: Record<string, number> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

/** Fill a list of tabs; returns what marks the one that is shown. */
export function fillTabs(
  host: HTMLElement,
  views: Record<string, { title: string }>,
  show: (name: string) => void,
): (shown: string) => void {
  const tabs = Object.entries(views).map(([name, { title }]) => {
    const tab = html("button", { type: "button", class: "nwv-tab", role: "tab", "data-name": name }, title);
    hear(tab, { click: () => show(name) });
    return tab;
  });
  host.append(...tabs);
  const onKey = (event: KeyboardEvent): void => {
    const by = KEYS[event.key];
    if (!by) return;
    event.preventDefault();
    const at = tabs.indexOf(event.target as HTMLButtonElement);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    next.focus();
    next.click();
  };
  hear(host, { keydown: onKey });
  return (shown) => {
    for (const tab of tabs) {
      const isShown = tab.dataset.name === shown;
      put(tab, "aria-selected", isShown);
      tab.tabIndex = isShown ? 0 : -1;
    }
  };
}
