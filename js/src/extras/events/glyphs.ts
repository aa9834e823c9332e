// A small sign for each kind of event, in a 14 by 14 box.
import { type Attributes, svg } from "../../dom";

interface Sign {
  d: string;
  className?: string;
}

const SIGNS: Record<string, Sign> = {
  "sign flip": { d: "M2 4.5h9l-2.5 -2.5M12 9.5h-9l2.5 2.5" },
  grows: { d: "M7 12v-10M3.5 5.5l3.5 -3.5l3.5 3.5" },
  shrinks: { d: "M7 2v10M3.5 8.5l3.5 3.5l3.5 -3.5" },
  "all positive": { d: "M7 2.5v9M2.5 7h9", className: "nwv-positive" },
  "all negative": { d: "M2.5 7h9", className: "nwv-negative" },
  "mixed signs": { d: "M7 1.5v7M3.5 5h7M3.5 12h7" },
  "plateau begins": { d: "M1.5 2.5l4 7h7" },
  "plateau ends": { d: "M1.5 4.5h7l4 7" },
  "turning point": { d: "M2 3q5 16 10 0" },
  "unit dies": { d: "M7 2a5 5 0 1 0 .01 0M3.5 10.5l7 -7" },
  "unit revives": { d: "M7 2a5 5 0 1 0 .01 0M7 6.5a.5 .5 0 1 0 .01 0" },
  "NaN or Inf": { d: "M3 3l8 8M11 3l-8 8", className: "nwv-strange" },
  "finite again": { d: "M2.5 7.5l3 3.5l6 -8" },
  "norm explodes": { d: "M7 1.5v11M1.5 7h11M3.1 3.1l7.8 7.8M10.9 3.1l-7.8 7.8" },
};
const OTHER: Sign = { d: "M7 6.5a.5 .5 0 1 0 .01 0" };

/** The sign of a kind; its name is for those who do not see it. */
export function glyphOf(kind: string): SVGSVGElement {
  const { d, className = "" } = Object.hasOwn(SIGNS, kind) ? SIGNS[kind] : OTHER;
  const path = svg("path", { d, fill: "none", stroke: "currentColor", "stroke-width": 1.4 });
  const attributes: Attributes = {
    viewBox: "0 0 14 14",
    width: 14,
    height: 14,
    role: "img",
    "aria-label": kind,
  };
  return svg("svg", { ...attributes, class: `nwv-glyph ${className}` }, svg("title", {}, kind), path);
}
