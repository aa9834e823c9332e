// How much all histories of a page may keep together. Each gives back its own when there is too much.

/** Codes and values of all widgets of a page. */
export const LIMIT_BYTES = 400e6;

/** @boundary */
interface Keeper {
  readonly nBytes: number;
}

/** Notebooks evaluate this module once a widget: what they share hangs on the page itself. */
const SHARED = Symbol.for("nnweightviz.memory");

/** @boundary */
export class Memory {
  #keepers = new Set<WeakRef<Keeper>>();

  constructor(readonly limit = LIMIT_BYTES) {}

  /** The memory of this page. */
  static ofPage(): Memory {
    const page = globalThis as { [SHARED]?: Memory };
    page[SHARED] ??= new Memory();
    return page[SHARED];
  }

  add(keeper: Keeper): void {
    this.#keepers.add(new WeakRef(keeper));
  }

  get isFull(): boolean {
    let sum = 0;
    for (const reference of this.#keepers) {
      const keeper = reference.deref();
      if (keeper) sum += keeper.nBytes;
      else this.#keepers.delete(reference);
    }
    return sum > this.limit;
  }
}
