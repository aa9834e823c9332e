// Whether the host is dark: judged by the paper behind us, so that it works in every host.

function luminance(colour: string): number | null {
  const parts = colour.match(/[\d.]+/g)?.map(Number);
  if (!parts || parts.length < 3 || (parts.length > 3 && parts[3] < 0.5)) return null;
  return (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]) / 255;
}

/** The first opaque background among the ancestors decides; without one, the reader's system setting. */
export function hostIsDark(element: HTMLElement): boolean {
  let at: Element | null = element.parentElement ?? (element.getRootNode() as ShadowRoot).host ?? null;
  while (at) {
    const light = luminance(getComputedStyle(at).backgroundColor);
    if (light !== null) return light < 0.45;
    at = at.parentElement ?? (at.getRootNode() as ShadowRoot).host ?? null;
  }
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Call back whenever the host may have changed its theme. */
export function watchTheme(callback: () => void, signal: AbortSignal): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback, { signal });
  const observer = new MutationObserver(callback);
  const options = {
    attributes: true,
    attributeFilter: ["class", "style", "data-theme", "data-jp-theme-light", "data-bs-theme"],
  };
  observer.observe(document.documentElement, options);
  observer.observe(document.body, options);
  signal.addEventListener("abort", () => observer.disconnect());
}
