// The worker: keeps plans, makes images one after the other, forgets what is no longer wanted.
import wasm from "../../build/raster.wasm";
import { loadKernel } from "./kernel";
import { makeImage } from "./make";
import type { Order, Picture, Plan } from "./plan";

export type ToWorker =
  | { type: "plan"; plan: number; data: Plan }
  | { type: "drop"; plan: number }
  | { type: "make"; ticket: number; plan: number; order: Order };
export type FromWorker =
  | { type: "picture"; ticket: number; picture: Omit<Picture, "image"> & { image: ImageBitmap } }
  | { type: "failed"; ticket: number; reason: string };

const SLICE_MS = 20;
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
};
const plans = new Map<number, Plan>();
const orders: Extract<ToWorker, { type: "make" }>[] = [];
const kernel = loadKernel(Uint8Array.from(atob(wasm), (c) => c.charCodeAt(0)));
let busy = false;

scope.onmessage = ({ data }) => {
  if (data.type === "plan") plans.set(data.plan, data.data);
  else if (data.type === "drop") plans.delete(data.plan);
  else orders.push(data);
  if (!busy) work();
};

/** Let messages in: a plan that is dropped ends the orders on it. */
const breathe = () =>
  new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

async function work(): Promise<void> {
  busy = true;
  for (let next = orders.shift(); next; next = orders.shift()) {
    try {
      await make(next);
    } catch (error) {
      scope.postMessage({ type: "failed", ticket: next.ticket, reason: String(error) });
    }
  }
  busy = false;
}

async function make({ ticket, plan, order }: Extract<ToWorker, { type: "make" }>): Promise<void> {
  const data = plans.get(plan);
  if (!data) return;
  const used = await kernel;
  const begin = performance.now();
  const steps = makeImage(data, order, used, (width, height) => new OffscreenCanvas(width, height));
  let until = begin + SLICE_MS;
  for (;;) {
    const { done, value } = steps.next();
    if (done) {
      const image = (value.canvas as OffscreenCanvas).transferToImageBitmap();
      const { sums, tally } = value;
      const ms = performance.now() - begin;
      const picture = { k: order.k, image, sums, tally, ms, by: `worker, ${used.name}` };
      scope.postMessage({ type: "picture", ticket, picture }, sums ? [image, sums.buffer] : [image]);
      return;
    }
    if (performance.now() < until) continue;
    await breathe();
    if (!plans.has(plan)) return;
    until = performance.now() + SLICE_MS;
  }
}
