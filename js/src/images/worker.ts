// Makes images one after the other, and forgets what is no longer wanted. The scope is a worker's, or what stands in
// for one in the page itself.
import wasm from "../../build/raster.wasm";
import { loadKernel } from "./kernel";
import { type MakeCanvas, makeImage } from "./make";
import type { Drawable, Order, Picture, Plan } from "./plan";

export type ToWorker =
  | { type: "plan"; plan: number; data: Plan }
  | { type: "drop"; plan: number }
  | { type: "frame" }
  | { type: "make"; ticket: number; plan: number; order: Order };
export type FromWorker =
  | { type: "picture"; ticket: number; picture: Picture }
  | { type: "failed"; ticket: number; reason: string };

/** @boundary */
export interface Scope {
  onmessage: ((event: { data: ToWorker }) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  /** Where the page itself is the scope: how it makes canvases. */
  makeCanvas?: MakeCanvas;
}
declare const self: Scope;

const isPage = self.makeCanvas !== undefined;
const QUIET_MS = 7;
const SLICE_MS = isPage ? 5 : 2; // then others have their turn
const makeCanvas: MakeCanvas = self.makeCanvas ?? ((width, height) => new OffscreenCanvas(width, height));
const plans = new Map<number, Plan>();
const orders: Extract<ToWorker, { type: "make" }>[] = [];
const kernel = loadKernel(Uint8Array.from(atob(wasm), (c) => c.charCodeAt(0)));
let busy = false;

self.onmessage = ({ data }) => {
  if (data.type === "plan") plans.set(data.plan, data.data);
  else if (data.type === "drop") plans.delete(data.plan);
  else if (data.type === "frame") frame = performance.now();
  else orders.push(data);
  if (!busy) work();
};

/** Let messages in: a plan that is dropped ends the orders on it. */
const breathe = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      if (isPage) setTimeout(resolve);
      else resolve();
    };
    port2.postMessage(null);
  });

let frame = 0; // when the page's last frame began

/** The beginning of each frame is left to those who draw it: on few cores, they would be late. */
async function quiet(): Promise<void> {
  const ms = frame + QUIET_MS - performance.now();
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
}

async function work(): Promise<void> {
  busy = true;
  for (let next = orders.shift(); next; next = orders.shift()) {
    try {
      await make(next);
    } catch (error) {
      self.postMessage({ type: "failed", ticket: next.ticket, reason: String(error) });
    }
  }
  busy = false;
}

async function make({ ticket, plan, order }: Extract<ToWorker, { type: "make" }>): Promise<void> {
  const data = plans.get(plan);
  const used = await kernel;
  if (!data) return;
  const steps = makeImage(data, order, used, makeCanvas);
  for (let ms = 0; ; ) {
    const begin = performance.now();
    let step = steps.next();
    while (!step.done && performance.now() - begin < SLICE_MS) step = steps.next();
    ms += performance.now() - begin;
    if (step.done) {
      const { canvas, sums, tally } = step.value;
      const image: Drawable = "transferToImageBitmap" in canvas ? canvas.transferToImageBitmap() : canvas;
      const by = `${isPage ? "thread" : "worker"}, ${used.name}`;
      const transfer = [image, sums?.buffer].filter((part) => part && !isPage) as Transferable[];
      self.postMessage(
        { type: "picture", ticket, picture: { k: order.k, image, sums, tally, ms, by } },
        transfer,
      );
      return;
    }
    await breathe();
    await quiet();
    if (!plans.has(plan)) return;
  }
}
