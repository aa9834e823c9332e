// Where images are made: in one worker for all widgets of a page; in slices in the page itself where that is forbidden
// or the worker has died. Those who ask see no difference.
import { PlainKernel } from "../raster";
import { makeImage } from "./make";
import type { Order, Picture, Plan } from "./plan";
import type { FromWorker, ToWorker } from "./worker";
import workerSource from "./worker?text";

/** An order that is answered once, with a picture or, if none could be made, with null. */
interface Job {
  plan: number;
  order: Order;
  done: (picture: Picture | null) => void;
}

const SLICE_MS = 5;
const IDLE_MS = 30_000;

export class Studio {
  private readonly plans = new Map<number, Plan>();
  private readonly jobs = new Map<number, Job>();
  private readonly kernel = new PlainKernel();
  private worker: Worker | null = null;
  private isWorkerForbidden = false;
  private isWorking = false; // in slices in the page
  private nextId = 0;
  private idle: ReturnType<typeof setTimeout> | null = null;

  /** Say what images are to look like; returns the plan's number. */
  open(plan: Plan): number {
    const id = this.nextId++;
    this.plans.set(id, plan);
    if (this.idle !== null) clearTimeout(this.idle);
    this.idle = null;
    this.start();
    this.tell({ type: "plan", plan: id, data: plan });
    return id;
  }

  /** No more images of a plan are wanted; what was ordered is not answered. */
  close(id: number): void {
    this.plans.delete(id);
    for (const [ticket, job] of this.jobs) if (job.plan === id) this.jobs.delete(ticket);
    this.tell({ type: "drop", plan: id });
    if (this.plans.size === 0 && this.idle === null) this.idle = setTimeout(() => this.stop(), IDLE_MS);
  }

  make(plan: number, order: Order, done: Job["done"]): void {
    const ticket = this.nextId++;
    this.jobs.set(ticket, { plan, order, done });
    if (this.worker) this.tell({ type: "make", ticket, plan, order });
    else this.work();
  }

  private start(): void {
    if (this.worker || this.isWorkerForbidden) return;
    try {
      if (typeof OffscreenCanvas === "undefined") throw new Error("no canvas in workers");
      const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
      this.worker = new Worker(url);
      this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
      this.worker.onerror = () => this.lose();
      for (const [id, data] of this.plans) this.tell({ type: "plan", plan: id, data });
    } catch {
      this.lose();
    }
  }

  private stop(): void {
    this.worker?.terminate();
    this.worker = null;
    this.idle = null;
  }

  /** The worker is forbidden or has died: what it owes is made here. */
  private lose(): void {
    this.stop();
    this.isWorkerForbidden = true;
    this.work();
  }

  private tell(message: ToWorker): void {
    this.worker?.postMessage(message);
  }

  private receive(message: FromWorker): void {
    const job = this.jobs.get(message.ticket);
    this.jobs.delete(message.ticket);
    if (message.type === "failed") {
      console.error(`nnweightviz: an image could not be made: ${message.reason}`);
      job?.done(null);
    } else if (job) this.deliver(job, message.picture);
    else message.picture.image.close();
  }

  private deliver(job: Job, picture: Picture): void {
    const { ms, by } = picture;
    performance.measure?.("nnweightviz:image", { start: performance.now() - ms, duration: ms, detail: by });
    job.done(picture);
  }

  /** Make images in slices, so that the page stays alive. */
  private async work(): Promise<void> {
    if (this.isWorking) return;
    this.isWorking = true;
    for (let ticket = firstOf(this.jobs); ticket !== null; ticket = firstOf(this.jobs)) {
      const job = this.jobs.get(ticket)!;
      const picture = await this.makeHere(ticket, job);
      if (this.jobs.delete(ticket)) {
        if (picture) this.deliver(job, picture);
        else job.done(null);
      }
    }
    this.isWorking = false;
  }

  private async makeHere(ticket: number, { plan, order }: Job): Promise<Picture | null> {
    const data = this.plans.get(plan);
    if (!data) return null;
    try {
      const steps = makeImage(data, order, this.kernel, newCanvas);
      let ms = 0;
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve));
        if (!this.jobs.has(ticket)) return null;
        const begin = performance.now();
        let step = steps.next();
        while (!step.done && performance.now() - begin < SLICE_MS) step = steps.next();
        ms += performance.now() - begin;
        if (!step.done) continue;
        const { canvas, sums, tally } = step.value;
        return { k: order.k, image: canvas as HTMLCanvasElement, sums, tally, ms, by: "thread, ts" };
      }
    } catch (error) {
      console.error("nnweightviz: an image could not be made", error);
      return null;
    }
  }
}

const firstOf = (jobs: Map<number, Job>): number | null => jobs.keys().next().value ?? null;

function newCanvas(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** The studio of this page. Jupyter evaluates the module once a widget, so it is kept where all of them find it. */
export function studioOfPage(): Studio {
  const key = Symbol.for(`nnweightviz.studio.${workerSource.length}`);
  const page = globalThis as unknown as Record<symbol, Studio | undefined>;
  page[key] ??= new Studio();
  return page[key];
}
