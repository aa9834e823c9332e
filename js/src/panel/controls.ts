// Small controls of the toolbar: on-off buttons and choices, each with a way to show the current state.
import { hear, html } from "../dom";

export type Refresh = () => void;

/** A row of on-off buttons: which of the names are shown. */
export function toggles<T extends string>(
  label: string,
  names: { value: T; text: string; title: string; className?: string }[],
  read: () => T[],
  write: (shown: T[]) => void,
): [HTMLElement, Refresh] {
  const buttons = names.map(({ value, text, title, className }) => {
    const button = html("button", { type: "button", class: `nwv-toggle ${className ?? ""}`, title }, text);
    hear(button, {
      click: () => {
        const shown = read();
        const on = shown.includes(value);
        write(names.map((n) => n.value).filter((v) => (v === value ? !on : shown.includes(v))));
      },
    });
    return button;
  });
  const refresh = (): void => {
    const shown = read();
    buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(shown.includes(names[i].value)));
    });
  };
  const group = html(
    "span",
    { class: "nwv-tool", role: "group", "aria-label": label || null },
    ...(label ? [html("span", "nwv-tool-label", label)] : []),
  );
  group.append(...buttons);
  return [group, refresh];
}

/** One of several, by a select. */
export function choice<T extends string>(
  label: string,
  names: [T, string][],
  read: () => T,
  write: (value: T) => void,
): [HTMLElement, Refresh] {
  const select = html("select", { "aria-label": label });
  for (const [value, text] of names) select.append(html("option", { value }, text));
  hear(select, { change: () => write(select.value as T) });
  const refresh = (): void => {
    select.value = read();
  };
  return [html("label", "nwv-tool", html("span", "nwv-tool-label", label), select), refresh];
}
