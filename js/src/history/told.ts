// Who wants to know when data came, and how soon they are told.

/** While playing, displays that lay out anew at each arrival would stutter: they hear of it no more often than this. */
const SOON_MS = 1000;

export class Told {
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  now(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const listener of this.#listeners) listener();
  }

  soon(): void {
    this.#timer ??= setTimeout(() => this.now(), SOON_MS);
  }
}
