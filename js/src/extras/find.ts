// Finding a layer or a unit by its name.
import { hear, html } from "../dom";
import { type Network, unitName } from "../network";

const MOST_UNITS = 2000; // of one layer
const MOST_NAMES = 6000; // of all: a list of hundreds of thousands takes seconds to build
let nextListId = 0;

/** Have what is typed into a field found. */
export function findByName(
  input: HTMLInputElement,
  network: Network,
  find: (group: string, unit: number | null) => void,
  announce: (text: string) => void,
): void {
  const targets = new Map<string, [string, number | null]>();
  for (const group of network.groups) {
    if (group.role === "bias") continue;
    const label = group.label || group.id;
    const prefix = targets.has(label) ? group.id : label;
    targets.set(prefix, [group.id, null]);
    const n = Math.min(group.n_units, MOST_UNITS, MOST_NAMES - targets.size);
    for (let unit = 0; unit < n; unit++) {
      const name = unitName(group, unit);
      targets.set(group.unit_names ? `${prefix} · ${name}` : `${prefix} · unit ${name}`, [group.id, unit]);
    }
  }
  const id = `nwv-find-${nextListId++}`;
  const list = html("datalist", { id });
  for (const name of targets.keys()) list.append(html("option", { value: name }));
  input.after(list);
  input.setAttribute("list", id);
  const go = (): void => {
    const typed = input.value.trim().toLowerCase();
    if (!typed) return;
    const names = [...targets.keys()];
    const best =
      names.find((n) => n.toLowerCase() === typed) ?? names.find((n) => n.toLowerCase().includes(typed));
    input.setAttribute("aria-invalid", String(best === undefined));
    input.title = best === undefined ? `There is no layer or unit named “${input.value.trim()}”` : "";
    if (best === undefined) announce(input.title);
    if (best !== undefined) find(...targets.get(best)!);
  };
  hear(input, {
    input: () => input.removeAttribute("aria-invalid"),
    change: go,
    keydown: (event) => event.key === "Enter" && go(),
  });
}
