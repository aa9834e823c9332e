// What a host does to a display: it resizes it, takes it out of sight and brings it back, and has keys of its own.
import { hear } from "./dom";

export interface Hosted {
  resized(): void;
  /** In sight again: a canvas that was taken out of the page and put back must redraw. */
  seen(): void;
  hidden(): void;
  escape(): void;
  space(): void;
  fullscreen(): void;
}

/** Tell of it until the signal aborts. */
export function watchHost(root: HTMLElement, stage: HTMLElement, signal: AbortSignal, hosted: Hosted): void {
  const sizes = new ResizeObserver(() => hosted.resized());
  sizes.observe(stage);
  const sights = new IntersectionObserver((entries) =>
    entries.some((entry) => entry.isIntersecting) ? hosted.seen() : hosted.hidden(),
  );
  sights.observe(root);
  hear(signal, {
    abort: () => {
      sizes.disconnect();
      sights.disconnect();
    },
  });
  // Jupyter takes keys before we hear of them, but not from an element that is marked so itself.
  const keepKeys = (event: FocusEvent) =>
    (event.target as Element).setAttribute("data-lm-suppress-shortcuts", "true");
  // Notebooks have their own keys; while the reader is in the diagram they are not meant.
  const key = (event: KeyboardEvent) => {
    event.stopPropagation();
    if (event.key === "Escape") hosted.escape();
    const isTaken = /^(BUTTON|INPUT|SELECT|TEXTAREA)$/.test((event.target as HTMLElement).tagName);
    if (event.key !== " " || isTaken || event.defaultPrevented) return;
    event.preventDefault();
    hosted.space();
  };
  hear(root, { keydown: key, focusin: keepKeys, fullscreenchange: () => hosted.fullscreen() }, signal);
}
