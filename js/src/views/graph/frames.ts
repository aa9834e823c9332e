// The frames of pictures, the names of the units in them, and the words above a sheet. Not for what is in the pictures.
import { svg } from "../../dom";
import { sheetOf } from "../../hanging";
import { type Layout, MOST_NAME_PX, type Picture, type Place } from "../../layout";
import { type Network, unitName } from "../../network";
import { IDLE_WORDS } from "../../portraits";
import { formatCount } from "../../scale";
import { clip, text } from "./label";

const LEAST_NAMED = 12; // of a picture that has its unit's name beside it
const LEAST_SEEN = 10; // a smaller picture is a dot
const LEAST_SEAMED = 30; // pixels of width of a picture with seams between its channels
const NAME = { room: 26, below: 3.5 };

export interface FrameLooks {
  showLabels: boolean;
  isLast: boolean; // no layer to the right: names have room there
  isRead: boolean; // lines end at the portraits
}

/** Whether lines end at a layer of portraits: links from elsewhere. */
export const isReadByLines = (network: Network, layout: Layout, { group, exhibit }: Place): boolean =>
  network.bundles.some(
    ({ id, target }) => target === group.id && id !== exhibit?.bundle.id && !layout.ticked.has(id),
  );

function frameOf(place: Place, picture: Picture, isOnSheet: boolean): SVGElement {
  const { unit, x, y, width, height } = picture;
  const { group, exhibit } = place;
  const idle = exhibit?.idle.get(unit);
  const classes = ["nwv-picture", idle && "nwv-idle", isOnSheet && "nwv-on-sheet"].filter(Boolean).join(" ");
  const frame = svg("rect", { x, y, width, height, class: classes });
  frame.dataset.group = group.id;
  frame.dataset[exhibit ? "unit" : "channel"] = String(unit);
  frame.append(svg("title", {}, titleOf(place, unit)));
  return frame;
}

function titleOf({ group, exhibit, pictures, grid }: Place, unit: number): string {
  const name = group.label || group.id;
  if (!exhibit) return grid && pictures.length > 1 ? `${name}, channel ${unit + 1}` : `${name} as an image`;
  const idle = exhibit.idle.get(unit);
  const words = [
    `weights into ${name} · unit ${unitName(group, unit)}`,
    `${exhibit.ranked.indexOf(unit) + 1} of ${group.n_units} by strength`,
    idle && IDLE_WORDS[idle],
  ];
  return words.filter(Boolean).join(", ");
}

/** Between the channels of a portrait. */
function seams({ exhibit }: Place, { x, y, width, height }: Picture): SVGElement[] {
  const channels = exhibit?.grid.channels ?? 1;
  return Array.from({ length: channels - 1 }, (_, c) => {
    const at = x + (width * (c + 1)) / channels;
    return svg("line", { x1: at, x2: at, y1: y, y2: y + height, class: "nwv-seam" });
  });
}

/** Between a portrait and the edge of its column, beyond which lines run. */
function leaders(place: Place, { unit, x, width }: Picture, isRead: boolean): SVGElement[] {
  const y = place.unitY[unit];
  const [left, right] = [place.x - place.halfWidth, place.x + place.halfWidth];
  const line = (x1: number, x2: number) => svg("line", { x1, x2, y1: y, y2: y, class: "nwv-leader" });
  const lines = [];
  if (right - x - width > 1) lines.push(line(x + width, right));
  if (isRead && x - left > 1) lines.push(line(left, x));
  return lines;
}

function nameOf(place: Place, picture: Picture, isLast: boolean): SVGElement {
  const { group } = place;
  const { unit, x, y, width, height } = picture;
  const name = unitName(group, unit);
  const isAtRight = isLast && x + width > place.x + place.halfWidth - 1;
  const at = { x: isAtRight ? x + width + 6 : x - 4, y: y + height / 2 + NAME.below };
  const side = isAtRight ? "nwv-right" : "nwv-left";
  const room = isAtRight ? MOST_NAME_PX : NAME.room;
  return text(clip(name, room), { ...at, class: `nwv-unit-name nwv-portrait-name ${side}` }, name);
}

/** "+104 more" above the sheet; what the smallest pictures are. */
function sheetWords(sheet: Picture[]): SVGElement[] {
  if (sheet.length === 0) return [];
  const left = Math.min(...sheet.map(({ x }) => x));
  const right = Math.max(...sheet.map(({ x, width }) => x + width));
  const y = Math.min(...sheet.map((picture) => picture.y)) - 6;
  const isSmall = sheet[0].height < LEAST_SEEN;
  const words = `+${formatCount(sheet.length)} more${isSmall ? " · zoom in to see them" : ""}`;
  return [text(words, { x: (left + right) / 2, y, class: "nwv-subtitle" })];
}

/** `marks` are the frames by unit; a channel of an image is no unit. */
export function drawFrames(
  place: Place,
  { showLabels, isLast, isRead }: FrameLooks,
): { marks: SVGElement[]; others: SVGElement[] } {
  const { pictures, exhibit } = place;
  const sheet = sheetOf(place);
  const onSheet = new Set(sheet);
  const frames = pictures.map((picture) => frameOf(place, picture, onSheet.has(picture)));
  if (!exhibit) return { marks: [], others: frames };
  const marks: SVGElement[] = [];
  pictures.forEach(({ unit }, i) => {
    marks[unit] = frames[i];
  });
  const inColumn = pictures.filter((picture) => !onSheet.has(picture));
  const named = showLabels ? inColumn.filter(({ height }) => height > LEAST_NAMED) : [];
  const others = [
    ...inColumn.flatMap((picture) => leaders(place, picture, isRead)),
    ...pictures.filter(({ width }) => width > LEAST_SEAMED).flatMap((picture) => seams(place, picture)),
    ...named.map((picture) => nameOf(place, picture, isLast)),
    ...sheetWords(sheet),
  ];
  return { marks, others };
}
