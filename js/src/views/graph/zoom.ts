// Zooming and panning of a layout: positions scale, marks grow only a little. Pure.
import type { Layout, Picture, Place } from "../../layout";
import type { Zoom } from "../context";

export type { Zoom };

/** Zoom by a factor about a point of the stage, which stays where it is. */
export function zoomAbout(zoom: Zoom, factor: number, x: number, y: number): Zoom {
  const k = Math.max(0.2, Math.min(12, zoom.k * factor));
  const ratio = k / zoom.k;
  return { k, x: x - (x - zoom.x) * ratio, y: y - (y - zoom.y) * ratio };
}

/** Keep the content in sight: between all of it and twelve times its size, no edge further in than need be. */
export function boundedZoom(zoom: Zoom, content: Layout, width: number, height: number): Zoom {
  const k = Math.max(wholeZoom(content, width).k, Math.min(12, zoom.k));
  const clamp = (at: number, length: number, room: number) =>
    Math.min(0, Math.max(at, Math.min(0, room - length * k)));
  const y = k < 1 ? (height - height * k) / 2 : clamp(zoom.y, height, height);
  return { k, x: clamp(zoom.x, content.width, width), y };
}

/** All columns at once. */
export const wholeZoom = (content: Layout, width: number): Zoom => ({
  k: Math.min(1, width / content.width),
  x: 0,
  y: 0,
});

function zoomedBox<B extends Omit<Picture, "unit">>(box: B, { k, x, y }: Zoom): B {
  return { ...box, x: box.x * k + x, y: box.y * k + y, width: box.width * k, height: box.height * k };
}

function zoomedPlace(place: Place, zoom: Zoom): Place {
  const { k, x, y } = zoom;
  const spacing = place.spacing * k;
  const grown = Math.min(k, 2);
  return {
    ...place,
    x: place.x * k + x,
    top: place.top * k + y,
    height: place.height * k,
    spacing,
    unitY: place.unitY.map((unitY) => unitY * k + y),
    radius: Math.max(1.2, Math.min(9, spacing * 0.36)),
    halfWidth:
      place.form === "nodes" || place.form === "bands"
        ? Math.max(1.2, Math.min(9, spacing * 0.36))
        : place.halfWidth * (place.pictures.length > 0 ? k : grown),
    pictures: place.pictures.map((picture) => zoomedBox(picture, zoom)),
    tiles: place.tiles.map((tile) => zoomedBox(tile, zoom)),
  };
}

export function zoomed(layout: Layout, zoom: Zoom): Layout {
  if (zoom.k === 1 && zoom.x === 0 && zoom.y === 0) return layout;
  const places = new Map([...layout.places].map(([id, place]) => [id, zoomedPlace(place, zoom)]));
  return {
    ...layout, // titles stay where they are
    places,
    width: layout.width * zoom.k,
    height: layout.height * zoom.k + zoom.y,
    laneTop: layout.laneTop === null ? null : layout.laneTop * zoom.k + zoom.y,
    maxLineWidth: Math.min(9, layout.maxLineWidth * Math.min(zoom.k, 2)),
  };
}
