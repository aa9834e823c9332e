// The one animation when units change their order: units and their names move to their new places, links cross-fade.
// The picture is final from the start, so that nothing else has to wait.
import type { Layout } from "../../layout";
import type { ViewContext } from "../context";
import type { Chrome } from "./chrome";
import { type Order, UnitOrder } from "./order";
import { copyOf } from "./screen";

export const DURATION_MS = 400;
const MOST_MOVED = 2000; // marks; more only cross-fade
const EASING = "cubic-bezier(0.45, 0, 0.25, 1)";

interface Move {
  from: Layout; // before zooming
  start: number;
  old: HTMLCanvasElement; // the links before
}

export class Reorder {
  readonly #unitOrder = new UnitOrder();
  #order: Order | null = null;
  #move: Move | null = null;

  /** The order for a new layout; if it is another, what was there before is remembered. */
  read(context: ViewContext, from: Layout | undefined, canvas: HTMLCanvasElement): Order {
    const order = this.#unitOrder.read(context.network, context.history, context.options());
    const isOther = this.#order !== null && order !== this.#order;
    this.#order = order;
    if (isOther && from && !matchMedia("(prefers-reduced-motion: reduce)").matches) this.#begin(from, canvas);
    return order;
  }

  words = (context: ViewContext): string | null => this.#unitOrder.words(context.options());

  #begin(from: Layout, canvas: HTMLCanvasElement): void {
    this.#move?.old.remove();
    const old = copyOf(canvas);
    old.removeAttribute("data-picture"); // it is no longer what the playhead shows
    this.#move = { from, start: performance.now(), old };
  }

  /** After a picture was drawn (again), `k` times enlarged: go on from where the animation is. */
  play(chrome: Chrome, to: Layout, k: number, canvas: HTMLCanvasElement): void {
    if (!this.#move) return;
    const { from, start, old } = this.#move;
    const elapsed = performance.now() - start;
    if (elapsed >= DURATION_MS) {
      old.remove();
      this.#move = null;
      return;
    }
    const timing: KeyframeAnimationOptions = { duration: DURATION_MS, easing: EASING };
    const run = (element: Element, frames: Keyframe[]): Animation => {
      const animation = element.animate(frames, timing);
      animation.currentTime = elapsed;
      return animation;
    };
    if (!old.isConnected) {
      canvas.after(old);
      run(canvas, [{ opacity: 0 }, { opacity: 1 }]);
      run(old, [{ opacity: 1 }, { opacity: 0 }]).finished.then(
        () => old.remove(),
        () => old.remove(),
      );
    }
    for (const [element, group, unit] of movers(chrome)) {
      const dy =
        (from.places.get(group)?.unitY[unit] ?? Number.NaN) - (to.places.get(group)?.unitY[unit] ?? 0);
      if (Math.abs(dy * k) > 0.5)
        run(element, [{ transform: `translateY(${dy * k}px)` }, { transform: "translateY(0)" }]);
    }
  }
}

/** The marks of units and the names beside them, as [element, group, unit]. */
function movers(chrome: Chrome): [SVGElement, string, number][] {
  const found: [SVGElement, string, number][] = [];
  for (const [group, marks] of chrome.units)
    for (const [unit, mark] of marks.entries()) found.push([mark, group, unit]);
  for (const name of chrome.root.querySelectorAll<SVGElement>("[data-names]"))
    found.push([name, name.dataset.names!, Number(name.dataset.unit)]);
  return found.length <= MOST_MOVED ? found : [];
}
