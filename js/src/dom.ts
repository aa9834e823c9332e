// DOM from data: elements with attributes and text. Strings become text nodes or attributes, never markup.

/** By name; those that are false or nothing are left out. */
export type Attributes = Record<string, string | number | boolean | null | undefined>;
/** A string is the class, where there is nothing else to say. */
type Given = Attributes | string;
const SVG = "http://www.w3.org/2000/svg";

function fill<E extends Element>(element: E, attributes: Given, children: (Node | string)[]): E {
  const named: Attributes = typeof attributes === "string" ? { class: attributes } : attributes;
  for (const [name, value] of Object.entries(named)) {
    if (value === false || value === null || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children);
  return element;
}

export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Given = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Given = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** Give an attribute a value, at each frame if need be: browsers style and lay out anew even what stays the same. */
export function put(element: Element, name: string, value: string | number | boolean): void {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

type Events = HTMLElementEventMap;

/** Hear events of an element, by their names, until the signal aborts. */
export function hear(
  target: EventTarget,
  heard: { [Type in keyof Events]?: (event: Events[Type]) => unknown },
  signal?: AbortSignal,
): void {
  for (const [type, callback] of Object.entries(heard))
    target.addEventListener(type, callback as (event: Event) => unknown, { signal });
}

/** A button drawn with one SVG path in a 16 by 16 box, named for everyone. */
export function iconButton(label: string, path: string): HTMLButtonElement {
  const icon = svg("svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" });
  icon.append(svg("path", { d: path, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }));
  return html("button", { type: "button", class: "nwv-button", "aria-label": label, title: label }, icon);
}
