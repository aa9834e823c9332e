// Where images are made: in one worker for all widgets of a page; in slices in the page itself where that is forbidden
// or the worker has died. Those who ask see no difference.
import { html } from "../dom";
import type { Order, Picture, Plan } from "./plan";
import type { FromWorker, Scope, ToWorker } from "./worker";
import work from "./worker?worker";

/** An order that is answered once, with a picture or, if none could be made, with null. */
interface Job {
  plan: number;
  order: Order;
  done: (picture: Picture | null) => void;
}

/** A worker, or what stands in for one. */
interface Maker {
  post(message: ToWorker): void;
  stop(): void;
}

const IDLE_MS = 30_000;

/** @boundary */
export class Studio {
  readonly #plans = new Map<number, Plan>();
  readonly #jobs = new Map<number, Job>();
  #maker: Maker | null = null;
  #isWorkerLost = typeof OffscreenCanvas === "undefined";
  #nextId = 0;
  #idle: ReturnType<typeof setTimeout> | null = null;

  /** Start the worker while there is other work to do: that takes it as long as making an image. */
  warm(): void {
    if (this.#maker) return;
    this.#start();
    this.#rest();
  }

  /** Say what images are to look like; returns the plan's number. */
  open(plan: Plan): number {
    const id = this.#nextId++;
    this.#plans.set(id, plan);
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (this.#maker) this.#maker.post({ type: "plan", plan: id, data: plan });
    else this.#start();
    return id;
  }

  /** No more images of a plan are wanted; what was ordered is not answered. */
  close(id: number): void {
    this.#plans.delete(id);
    for (const [ticket, job] of this.#jobs) if (job.plan === id) this.#jobs.delete(ticket);
    this.#maker?.post({ type: "drop", plan: id });
    if (this.#plans.size === 0) this.#rest();
  }

  /** Stop if nothing is wanted for a while. */
  #rest(): void {
    this.#idle ??= setTimeout(() => this.#stop(), IDLE_MS);
  }

  make(plan: number, order: Order, done: Job["done"]): void {
    const ticket = this.#nextId++;
    this.#jobs.set(ticket, { plan, order, done });
    this.#maker?.post({ type: "make", ticket, plan, order });
  }

  /** A frame begins. */
  frame(): void {
    if (this.#jobs.size > 0) this.#maker?.post({ type: "frame" });
  }

  /** Begin with all that is open and owed. */
  #start(): void {
    const receive = (message: FromWorker) => this.#receive(message);
    try {
      this.#maker = this.#isWorkerLost ? inPage(receive) : inWorker(receive, () => this.#lose());
    } catch {
      this.#isWorkerLost = true;
      this.#maker = inPage(receive);
    }
    for (const [plan, data] of this.#plans) this.#maker.post({ type: "plan", plan, data });
    for (const [ticket, { plan, order }] of this.#jobs)
      this.#maker.post({ type: "make", ticket, plan, order });
  }

  #stop(): void {
    this.#maker?.stop();
    this.#maker = null;
    this.#idle = null;
  }

  /** The worker is forbidden or has died: what it owes is made here. */
  #lose(): void {
    this.#stop();
    this.#isWorkerLost = true;
    this.#start();
  }

  #receive(message: FromWorker): void {
    const job = this.#jobs.get(message.ticket);
    this.#jobs.delete(message.ticket);
    if (message.type === "failed") {
      console.error(`nnweightviz: an image could not be made: ${message.reason}`);
      job?.done(null);
      return;
    }
    const { ms, by, image } = message.picture;
    if (job) {
      performance.measure?.("nnweightviz:image", { start: performance.now() - ms, duration: ms, detail: by });
      job.done(message.picture);
    } else if ("close" in image) image.close();
  }
}

function inWorker(receive: (message: FromWorker) => void, lose: () => void): Maker {
  const url = URL.createObjectURL(new Blob([`(${work})(self)`], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
    URL.revokeObjectURL(url);
    receive(data);
  };
  worker.onerror = lose;
  return { post: (message) => worker.postMessage(message), stop: () => worker.terminate() };
}

function inPage(receive: (message: FromWorker) => void): Maker {
  let isStopped = false;
  const scope: Scope = {
    onmessage: null,
    postMessage: (message) => !isStopped && receive(message),
    makeCanvas: (width, height) => html("canvas", { width, height }),
  };
  work(scope);
  return { post: (data) => scope.onmessage?.({ data }), stop: () => (isStopped = true) };
}

/** The studio of this page. Jupyter evaluates the module once a widget, so it is kept where all of them find it. */
export function studioOfPage(): Studio {
  const key = Symbol.for(`nnweightviz.studio.${work}`);
  const page = globalThis as unknown as Record<symbol, Studio | undefined>;
  page[key] ??= new Studio();
  return page[key];
}
