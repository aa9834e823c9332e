// Whether the host is dark: judged by the paper behind us, so that it works in every host.

import { hear } from "./dom";

let pixel: CanvasRenderingContext2D | null = null;

/** Lightness of any CSS colour, 0 to 1, by painting it; null if it lets through what is behind. */
function lightness(colour: string): number | null {
  pixel ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pixel) return null;
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = colour;
  pixel.fillRect(0, 0, 1, 1);
  const [r, g, b, alpha] = pixel.getImageData(0, 0, 1, 1).data;
  return alpha < 128 ? null : (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

const parentOf = (element: Element): Element | null =>
  element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;

/** The first opaque background among the ancestors decides; a page that paints none is dark only if it says so. */
function hostIsDark(element: HTMLElement): boolean {
  for (let at = parentOf(element); at; at = parentOf(at)) {
    const light = lightness(getComputedStyle(at).backgroundColor);
    if (light !== null) return light < 0.45;
  }
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return scheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call back whenever the host may have changed its theme. */
export function watchTheme(callback: () => void, signal: AbortSignal): void {
  hear(matchMedia("(prefers-color-scheme: dark)"), { change: callback }, signal);
  const observer = new MutationObserver(callback);
  const options: MutationObserverInit = {
    attributes: true,
    attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-bs-theme"],
  };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  hear(signal, { abort: () => observer.disconnect() });
}

/** Give a display the theme that is asked for, or its host's; true if it had another. */
export function applyTheme(root: HTMLElement, asked: "auto" | "light" | "dark"): boolean {
  const theme = asked === "auto" ? (hostIsDark(root) ? "dark" : "light") : asked;
  const isOther = root.dataset.theme !== theme;
  root.dataset.theme = theme;
  return isOther;
}
