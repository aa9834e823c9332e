// Fingers on a picture, in the mouse's words: two zoom and move it, one moves it while it is zoomed and else scrolls
// the page; a tap reads what is under it, a second one there selects it. The views hear a mouse.

interface Point {
  x: number;
  y: number;
}

const TAP_PX = 10;
const SAME_PX = 24;
const WHEEL_OF_ZOOM = -1 / 0.004; // a wheel's way for a factor of e, as gestures.ts has it

/** How two fingers have gone: the factor by which they have parted, and where their middle is now. */
export function pinched([a, b]: Point[], [p, q]: Point[]): { factor: number; x: number; y: number } {
  const apart = (from: Point, to: Point) => Math.max(1, Math.hypot(to.x - from.x, to.y - from.y));
  return { factor: apart(p, q) / apart(a, b), x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 };
}

const isNear = (a: Point | null, b: Point, px: number): boolean =>
  a !== null && Math.hypot(a.x - b.x, a.y - b.y) <= px;

/** What takes taps: a picture, not a button upon it. */
function pictureAt(event: Event): Element | null {
  const target = event.target as Element;
  if (target.closest?.("button, input, select, a, [role=row], [role=option], .nwv-readout")) return null;
  return target.closest?.(".nwv-view")
    ? (target.closest(".nwv-stage") ?? target.closest("canvas, svg"))
    : null;
}

class Fingers {
  readonly #fingers = new Map<number, Point>();
  #start: Point = { x: 0, y: 0 };
  #isTap = false;
  #isPinch = false;
  #last: Point[] = [];
  #frame = 0;
  #read: Point | null = null; // where the last tap was, while it is read
  #picture: Element | null = null; // what was tapped or pinched
  #swallows = false; // the click that follows a tap which only reads

  constructor(host: HTMLElement) {
    const on = (type: string, hear: (event: PointerEvent) => void) =>
      host.addEventListener(
        type,
        (event) => {
          const pointer = event as PointerEvent;
          if (pointer.isTrusted && pointer.pointerType === "touch") hear(pointer);
        },
        { capture: true },
      );
    on("pointerdown", (event) => this.#down(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#up(event));
    on("pointercancel", (event) => this.#up(event, true));
    on("pointerleave", (event) => pictureAt(event) && event.stopImmediatePropagation());
    for (const type of ["click", "dblclick"])
      host.addEventListener(type, (event) => this.#click(event), { capture: true });
    for (const type of ["touchstart", "touchmove"])
      host.addEventListener(
        type,
        (event) => {
          const isPinch = (event as TouchEvent).touches.length > 1 && pictureAt(event);
          if (isPinch && event.cancelable) event.preventDefault(); // else the browser scrolls with two fingers
        },
        { capture: true, passive: false },
      );
    document.addEventListener("pointerdown", (event) => {
      if (!host.contains(event.target as Node)) this.#leave();
    });
  }

  #say(type: string, { x, y }: Point, more: PointerEventInit = {}): void {
    const about = { clientX: x, clientY: y, bubbles: true, cancelable: true, ...more };
    this.#picture?.dispatchEvent(new PointerEvent(type, about));
  }

  #leave(): void {
    if (this.#read) this.#say("pointerleave", this.#read, { bubbles: false });
    this.#read = null;
  }

  #down(event: PointerEvent): void {
    const picture = pictureAt(event);
    this.#swallows = false;
    if (this.#picture !== picture) this.#leave();
    if (!picture) return;
    this.#picture = picture;
    this.#fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const [first] = this.#fingers.values();
    this.#isTap = this.#fingers.size === 1;
    if (this.#isTap) this.#start = first;
    if (this.#fingers.size !== 2 || !picture.matches(".nwv-stage")) return;
    event.stopImmediatePropagation();
    this.#isPinch = true;
    this.#last = [...this.#fingers.values()];
    this.#leave();
    this.#say("pointercancel", first);
    const middle = pinched(this.#last, this.#last);
    this.#say("pointerdown", middle, { pointerId: event.pointerId, button: 0 });
  }

  #move(event: PointerEvent): void {
    if (!this.#fingers.has(event.pointerId)) return;
    const at = { x: event.clientX, y: event.clientY };
    this.#fingers.set(event.pointerId, at);
    if (!isNear(this.#start, at, TAP_PX)) this.#isTap = false;
    if (this.#isTap || this.#isPinch) event.stopImmediatePropagation();
    if (this.#isPinch && this.#fingers.size === 2)
      this.#frame ||= requestAnimationFrame(() => this.#pinch(event.pointerId));
  }

  #pinch(pointerId: number): void {
    this.#frame = 0;
    const now = [...this.#fingers.values()];
    if (now.length !== 2) return;
    const { factor, x, y } = pinched(this.#last, now);
    this.#last = now;
    this.#say("pointermove", { x, y }, { pointerId });
    const deltaY = Math.log(factor) * WHEEL_OF_ZOOM;
    const wheel = { ctrlKey: true, deltaY, clientX: x, clientY: y, bubbles: true, cancelable: true };
    this.#picture!.dispatchEvent(new WheelEvent("wheel", wheel));
  }

  #up(event: PointerEvent, isCancelled = false): void {
    if (!this.#fingers.has(event.pointerId)) return;
    const at = { x: event.clientX, y: event.clientY };
    if (this.#isPinch) {
      event.stopImmediatePropagation();
      if (this.#fingers.size === 2) {
        cancelAnimationFrame(this.#frame);
        this.#pinch(event.pointerId);
        this.#say("pointercancel", at);
      }
    }
    this.#fingers.delete(event.pointerId);
    if (this.#isTap && !isCancelled) this.#tap(event, at);
    this.#isTap = false;
    if (this.#fingers.size === 0) this.#isPinch = false;
  }

  /** The first tap reads; one on the same spot, or on nothing, is a click. */
  #tap(event: PointerEvent, at: Point): void {
    if (isNear(this.#read, at, SAME_PX)) {
      this.#read = null;
      return;
    }
    this.#say("pointercancel", at); // what went down is no click
    this.#say("pointermove", at);
    this.#read = at;
    const stage = this.#picture as HTMLElement;
    if (stage.matches(".nwv-stage") && !stage.style.cursor) {
      this.#say("pointerdown", at, { button: 0 });
      return;
    }
    event.stopImmediatePropagation();
    this.#swallows = true;
  }

  #click(event: Event): void {
    const { pointerType } = event as PointerEvent;
    const isDouble = event.type === "dblclick" && this.#picture?.matches(".nwv-stage");
    if (pictureAt(event) && pointerType !== "mouse" && event.isTrusted && (this.#swallows || isDouble))
      event.stopImmediatePropagation();
  }
}

export const listenToFingers = (host: HTMLElement): void => {
  new Fingers(host);
};
