// Where images are made: in a worker or two for all widgets of a page; in slices in the page itself where workers are
// forbidden or have died. Those who ask see no difference.
import { html } from "../dom";
import type { Order, Picture, Plan } from "./plan";
import type { FromWorker, Scope, ToWorker } from "./worker";
import work from "./worker?worker";

/** An order that is answered once, with a picture or, if none could be made, with null. */
interface Job {
  plan: number;
  order: Order;
  done: (picture: Picture | null) => void;
  maker: Maker | null; // whose it is
}

/** A worker, or what stands in for one. */
interface Maker {
  post(message: ToWorker): void;
  stop(): void;
}

const IDLE_MS = 30_000;
const MANY_CORES = 4; // enough for the page, who puts it on the screen, and two workers

/** @boundary */
export class Studio {
  readonly #plans = new Map<number, Plan>();
  readonly #jobs = new Map<number, Job>();
  #makers: Maker[] = [];
  #nWorkers =
    typeof OffscreenCanvas === "undefined" ? 0 : navigator.hardwareConcurrency >= MANY_CORES ? 2 : 1;
  #nextId = 0;
  #idle: ReturnType<typeof setTimeout> | null = null;

  /** Start a worker while there is other work to do: that takes it as long as making an image. */
  warm(): void {
    if (this.#makers.length > 0) return;
    this.#start();
    this.#rest();
  }

  /** Say what images are to look like; returns the plan's number. */
  open(plan: Plan): number {
    const id = this.#nextId++;
    this.#plans.set(id, plan);
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    this.#tell({ type: "plan", plan: id, data: plan });
    return id;
  }

  /** No more images of a plan are wanted; what was ordered is not answered. */
  close(id: number): void {
    this.#plans.delete(id);
    for (const [ticket, job] of this.#jobs) if (job.plan === id) this.#jobs.delete(ticket);
    this.#tell({ type: "drop", plan: id });
    if (this.#plans.size === 0) this.#rest();
  }

  #tell(message: ToWorker): void {
    for (const maker of this.#makers) maker.post(message);
  }

  /** Stop if nothing is wanted for a while. */
  #rest(): void {
    this.#idle ??= setTimeout(() => {
      for (const maker of this.#makers.splice(0)) maker.stop();
      this.#idle = null;
    }, IDLE_MS);
  }

  make(plan: number, order: Order, done: Job["done"]): void {
    const job: Job = { plan, order, done, maker: null };
    this.#jobs.set(this.#nextId, job);
    this.#give(this.#nextId++, job);
  }

  /** To who has least to do; the second worker starts when the first is busy. */
  #give(ticket: number, job: Job): void {
    const { plan, order } = job;
    const nOwed = (maker: Maker) => [...this.#jobs.values()].filter((other) => other.maker === maker).length;
    if (this.#makers.every(nOwed) && this.#makers.length < Math.max(1, this.#nWorkers)) this.#start();
    job.maker = this.#makers.reduce((least, maker) => (nOwed(maker) < nOwed(least) ? maker : least));
    job.maker.post({ type: "make", ticket, plan, order });
  }

  /** A frame begins. */
  frame(): void {
    if (this.#jobs.size > 0) this.#tell({ type: "frame" });
  }

  /** One more maker, who is told all that is open. */
  #start(): void {
    const receive = (message: FromWorker) => this.#receive(message);
    let maker: Maker;
    try {
      maker = this.#nWorkers > 0 ? inWorker(receive, () => this.#lose(maker)) : inPage(receive);
    } catch {
      this.#nWorkers = 0;
      maker = inPage(receive);
    }
    this.#makers.push(maker);
    for (const [plan, data] of this.#plans) maker.post({ type: "plan", plan, data });
  }

  /** A worker is forbidden or has died: what it owes the others make, or the page if there is none. */
  #lose(lost: Maker): void {
    const others = this.#makers.filter((maker) => maker !== lost);
    if (others.length === this.#makers.length) return;
    lost.stop();
    this.#makers = others;
    this.#nWorkers--;
    for (const [ticket, job] of this.#jobs) if (job.maker === lost) this.#give(ticket, job);
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
