// What changes on the SVG between layouts: focused units, units without links, outlined links.
import { isLink, isUnit, type SelectedLink, type Selection } from "../../describe";
import { svg } from "../../dom";
import { boxOf } from "../../hanging";
import { type Ticks, tickReach } from "../../images/plan";
import { type Layout, type Place, portOffset } from "../../layout";
import { firstSource } from "../../network";
import type { Chrome } from "./chrome";
import type { Focus } from "./focus";
import type { Links } from "./links";
import type { Scene } from "./scene";
import { endsOfLink } from "./strips";

const AROUND = 2; // pixels from a tick to its frame

/** The letters of a unit's gates, staggered so that close ports stay readable. */
function portLetters(place: Place, unit: number): SVGElement[] {
  const x = place.x - place.halfWidth;
  return place.group.ports.map((port, i) => {
    const y = place.unitY[unit] + portOffset(place, port) + 3;
    return svg("text", { x: x - (i % 2 === 0 ? 8 : 17), y, class: "nwv-port-letter" }, port);
  });
}

export function markFocus(chrome: Chrome, layout: Layout, focus: Focus | null): void {
  chrome.root.querySelector(".nwv-port-letters")?.remove();
  const letters = svg("g", "nwv-port-letters");
  for (const { group, unit } of focus?.units ?? []) {
    const place = layout.places.get(group);
    if (place?.form === "ports") letters.append(...portLetters(place, unit));
  }
  if (letters.hasChildNodes()) chrome.root.append(letters);
  for (const mark of chrome.root.querySelectorAll(".nwv-is-focus")) mark.classList.remove("nwv-is-focus");
  for (const { group, unit } of focus?.units ?? [])
    chrome.units.get(group)?.[unit]?.classList.add("nwv-is-focus");
}

/** Units that the filter left without links fade away; without a filter (`buckets` null) none does. */
export function markLonely(chrome: Chrome, links: Links, buckets: Uint8Array | null): void {
  const busy = new Set<string>();
  links.bundles.forEach((bundle, b) => {
    const { source, target, shape } = bundle;
    for (let j = 0, i = links.starts[b]; buckets && j < shape[0]; j++)
      for (let s = 0; s < shape[1]; s++, i++)
        if (buckets[i] > 0) busy.add(`${target}\n${j}`).add(`${source}\n${firstSource(bundle, j) + s}`);
  });
  for (const [group, marks] of chrome.units)
    marks.forEach((mark, unit) => {
      if (mark.classList.contains("nwv-picture")) return; // it shows weights of its own
      mark.classList.toggle("nwv-lonely", buckets !== null && !busy.has(`${group}\n${unit}`));
    });
}

/** The frame of the pixel that stands for a link into a portrait, or for a unit of an image. */
function pixelFrame({ places }: Layout, selection: Selection): SVGElement[] {
  const exhibits = [...places.values()].flatMap(({ exhibit }) => exhibit ?? []);
  const source = isLink(selection)
    ? exhibits.find(({ bundle }) => bundle.id === selection.bundle)?.source
    : isUnit(selection) && exhibits.find((exhibit) => exhibit.source === selection.group)?.source;
  const place = source ? places.get(source) : undefined;
  const box =
    place && boxOf(place, isLink(selection) ? selection.source : isUnit(selection) ? selection.unit : -1);
  if (!box) return [];
  const { x, y, width, height } = box;
  return [svg("rect", { x, y, width, height, class: "nwv-pixel" })];
}

/** The frame of the tick that stands for a bias. */
function tickFrame(all: Ticks[], { bundle, target }: SelectedLink): SVGElement[] {
  const ticks = all.find((some) => some.bundle === bundle && !Number.isNaN(some.y[target]));
  if (!ticks) return [];
  const reach = tickReach(ticks, target);
  const x = ticks.x[target] + Math.min(0, reach) - AROUND;
  const y = ticks.y[target] - ticks.thickness / 2 - AROUND;
  const [width, height] = [Math.abs(reach) + 2 * AROUND, ticks.thickness + 2 * AROUND];
  return [svg("rect", { x, y, width, height, class: "nwv-pixel" })];
}

/** Outline links (the pointed one, the selected one) above all others, in the colour of their value at k. */
export function outline(chrome: Chrome, scene: Scene, marked: (Selection | null)[], k: number): void {
  const { links, strips, layout } = scene;
  const pixels = marked.flatMap((selection) => (selection ? pixelFrame(layout, selection) : []));
  const ofTicks = marked.filter(isLink).filter(({ bundle }) => layout.ticked.has(bundle));
  pixels.push(...ofTicks.flatMap((link) => tickFrame(scene.ticks(k), link)));
  const lines = marked.filter(isLink).flatMap((link) => {
    const i = links.indexOf(link.bundle, link.target, link.source);
    if (i < 0) return [];
    const [x1, y1, x2, y2] = endsOfLink(strips, i);
    if (Number.isNaN(y1 + y2)) return []; // of a unit that has a picture only
    const isSigned = links.isSigned(links.link(i).bundle);
    const sign = isSigned ? (links.values(k)[i] < 0 ? "nwv-negative" : "nwv-positive") : "nwv-unsigned";
    return ["nwv-halo", `nwv-core ${sign}`].map((name) => svg("line", { x1, y1, x2, y2, class: name }));
  });
  const marks = [...pixels, ...lines];
  if (marks.length + chrome.overlay.childElementCount) chrome.overlay.replaceChildren(...marks);
}
