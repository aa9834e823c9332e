// Text on the stage, cut to the room that it has.
import { type Attributes, svg } from "../../dom";

export const CHARACTER_PX = 6.1;

export const clip = (text: string, room: number): string => {
  const most = Math.max(3, Math.floor(room / CHARACTER_PX));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

/** The whole of what was cut is in its title. */
export function text(value: string, attributes: Attributes, full = value): SVGTextElement {
  const element = svg("text", attributes, value);
  if (full !== value) element.append(svg("title", {}, full));
  return element;
}
