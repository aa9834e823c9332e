// Fingers on a picture, in the mouse's words: two zoom and move it, one moves it while it is zoomed and else scrolls
// the page; a tap reads what is under it, a second one there selects it. The views hear a mouse.

interface Point {
  x: number;
  y: number;
}

const TAP_PX = 10;
const SAME_PX = 24;
const WHEEL_PER_ZOOM = -1 / 0.004; // a wheel's way for a factor of e, as gestures.ts has it
const CONTROLS = "button, input, select, [role=row], [role=option]";

const apart = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

/** How two fingers have gone: the factor by which they have parted, and where their middle is now. */
export function pinched([a, b]: Point[], [p, q]: Point[]): Point & { factor: number } {
  const factor = Math.max(1, apart(p, q)) / Math.max(1, apart(a, b));
  return { factor, x: (p.x + q.x) / 2, y: (p.y + q.y) / 2 };
}

const placeOf = ({ clientX, clientY }: PointerEvent): Point => ({ x: clientX, y: clientY });

/** What takes taps: a picture, not a button upon it. */
function pictureAt(event: Event): HTMLElement | null {
  const target = event.target as Element;
  if (!target.closest(".nwv-view") || target.closest(CONTROLS)) return null;
  return target.closest<HTMLElement>(".nwv-stage") ?? target.closest("canvas, svg");
}

export function listenToFingers(host: HTMLElement): void {
  const fingers = new Map<number, Point>();
  let start: Point | null = null; // of what may become a tap
  let last: Point[] | null = null; // of a pinch
  let frame = 0;
  let read: Point | null = null; // where the last tap was, while it is read
  let picture: HTMLElement | null = null;
  let swallows = false; // the click of a tap that only reads
  let isTouch = false;

  const about = ({ x, y }: Point): MouseEventInit => {
    return { clientX: x, clientY: y, bubbles: true, cancelable: true };
  };
  const say = (type: string, at: Point, pointerId = 0): void => {
    picture?.dispatchEvent(new PointerEvent(type, { ...about(at), pointerId }));
  };
  const leave = (): void => {
    if (read) say("pointerleave", read);
    read = null;
  };
  const pinch = (pointerId: number): void => {
    frame = 0;
    if (!last || fingers.size !== 2) return;
    const now = [...fingers.values()];
    const middle = pinched(last, now);
    last = now;
    say("pointermove", middle, pointerId);
    const deltaY = Math.log(middle.factor) * WHEEL_PER_ZOOM;
    picture?.dispatchEvent(new WheelEvent("wheel", { ...about(middle), deltaY, ctrlKey: true }));
  };
  /** The first tap reads; one on the same spot, or on nothing, is a click. */
  const tap = (event: Event, at: Point): void => {
    if (read && apart(read, at) < SAME_PX) {
      read = null;
      return;
    }
    say("pointercancel", at); // what went down is no click
    say("pointermove", at);
    read = at;
    swallows = !picture!.matches(".nwv-stage") || picture!.style.cursor !== "";
    if (swallows) event.stopImmediatePropagation();
    else say("pointerdown", at);
  };

  const down = (event: PointerEvent): void => {
    const on = pictureAt(event);
    swallows = false;
    if (picture !== on) leave();
    picture = on;
    if (!on) return;
    const at = placeOf(event);
    fingers.set(event.pointerId, at);
    start = fingers.size === 1 ? at : null;
    if (fingers.size !== 2 || !on.matches(".nwv-stage")) return;
    event.stopImmediatePropagation();
    leave();
    last = [...fingers.values()];
    say("pointercancel", at); // of the first finger
    say("pointerdown", pinched(last, last));
  };
  const move = (event: PointerEvent): void => {
    if (!fingers.has(event.pointerId)) return;
    const at = placeOf(event);
    fingers.set(event.pointerId, at);
    if (start && apart(start, at) > TAP_PX) start = null;
    if (start || last) event.stopImmediatePropagation();
    if (last && !frame) frame = requestAnimationFrame(() => pinch(event.pointerId));
  };
  const up = (event: PointerEvent): void => {
    const at = placeOf(event);
    if (last) {
      event.stopImmediatePropagation();
      pinch(event.pointerId);
      say("pointercancel", at);
    } else if (start && event.type === "pointerup") tap(event, at);
    start = null;
    fingers.delete(event.pointerId);
    if (fingers.size === 0) last = null;
  };
  const click = (event: Event): void => {
    if (isTouch && event.isTrusted && pictureAt(event) && (swallows || event.type === "dblclick"))
      event.stopImmediatePropagation();
  };
  const touched = (hear: (event: PointerEvent) => void) => (event: PointerEvent) => {
    if (!event.isTrusted) return; // what is said here, in the mouse's words
    isTouch = event.pointerType === "touch";
    if (isTouch) hear(event);
  };
  const keep = (event: TouchEvent): void => {
    if (event.touches.length > 1 && pictureAt(event)) event.preventDefault(); // or the page scrolls with two fingers
  };
  const options: AddEventListenerOptions = { capture: true, passive: false };
  const on = (types: string, hear: (event: never) => void): void => {
    for (const type of types.split(" ")) host.addEventListener(type, hear as EventListener, options);
  };
  on("pointerdown", touched(down));
  on("pointermove", touched(move));
  on("pointerup pointercancel", touched(up));
  on(
    "pointerleave",
    touched((event) => read && event.stopImmediatePropagation()),
  );
  on("click dblclick", click);
  on("touchstart touchmove", keep);
  document.addEventListener("pointerdown", (event) => host.contains(event.target as Node) || leave());
}
