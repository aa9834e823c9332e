// The entry of exported pages: widgets without a kernel, from the states that lie in the page.
import { mount } from "./app";
import { inflate } from "./blocks";
import { connect } from "./connection";
import { put } from "./dom";
import { loadBy } from "./extras";
import { extras } from "./extras/index";
import type { HostModel } from "./host";
import type { Options } from "./options";
import { embed, parameters, themeIn } from "./page/chrome";
import type { PageDiagram } from "./page/diagram";
import { link } from "./page/linked";
import { Links } from "./page/links";
import { readyForPrint } from "./page/print";
import { listenToFingers } from "./page/touch";
import { sessionOf } from "./session";

loadBy(async () => extras);

type Callback = (...args: unknown[]) => void;
/** @boundary */
type PageState = { state: string; parts: string[] };

/** A widget model as far as we need one: values, and who wants to know when they change. */
function pageModel(state: Record<string, unknown>, address?: string): HostModel {
  const listeners = new Map<string, Set<Callback>>();
  const tell = (event: string, ...what: unknown[]) => {
    for (const callback of listeners.get(event) ?? []) callback(...what);
  };
  const send = address ? connect(address, (...message) => tell("msg:custom", ...message)) : undefined;
  return {
    ...(send && { send }),
    get: (name) => state[name],
    set: (name, value) => {
      if (state[name] === value) return;
      state[name] = value;
      tell(`change:${name}`);
    },
    save_changes: () => send?.({ type: "traits", options: state.options }),
    on: (event, callback) => {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event)!.add(callback);
    },
    off: (event, callback) => {
      if (event && callback) listeners.get(event)?.delete(callback);
    },
  };
}

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%()*+-;=?@^_`{|}~,.:";
const digits = new Uint8Array(128);
for (let i = 0; i < DIGITS.length; i++) digits[DIGITS.charCodeAt(i)] = i;

/** The bytes that a text on a page stands for: base 85, as written.py has it, deflated behind a tilde. */
async function bytesOf(text: string): Promise<Uint8Array> {
  const numbers = new Uint32Array((text.length - 2) / 5);
  for (let i = 0, at = 2; i < numbers.length; i++, at += 5) {
    let number = 0;
    for (let place = at + 4; place >= at; place--) number = number * 85 + digits[text.charCodeAt(place)];
    numbers[i] = number;
  }
  const bytes = new Uint8Array(numbers.buffer, 0, 4 * numbers.length - Number(text[1]));
  return text[0] === "~" ? inflate(bytes) : bytes;
}

/** The title of a diagram heads the page, or its part of a page that has a heading. */
function asHeading(title: Element): void {
  put(title, "role", "heading");
  put(title, "aria-level", document.querySelector("h1") ? 2 : 1);
}

/** One after the other, each with its first picture before the next begins: the reader sees something at once. */
async function start(): Promise<void> {
  const willPrint = readyForPrint();
  const hosts = [...document.querySelectorAll<HTMLElement>(".nnweightviz-embed")];
  const diagrams: PageDiagram[] = [];
  const links = new Links(diagrams);
  for (const host of hosts) {
    const model = await modelOf(host);
    if (!model) continue;
    embed(host);
    const opensSelected = model.get("selection") !== null;
    const session = sessionOf(model);
    diagrams.push({ host, model, session, opensSelected });
    links.open();
    await mount(model, host, new AbortController().signal);
    asHeading(host.querySelector(".nwv-head-title")!);
    links.addButton(diagrams.length - 1, hosts.length);
    willPrint(host);
    listenToFingers(host);
    await session.history.decoding;
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }
  links.opened();
  const linked = diagrams.filter(({ host }) => host.dataset.linked);
  if (linked[1]) link(linked, links.found && linked.includes(links.found) ? links.found : linked[0]);
}

async function modelOf(host: HTMLElement): Promise<HostModel | null> {
  const data = document.getElementById(host.dataset.state ?? "")?.textContent;
  if (!data) return null;
  const { state, parts } = JSON.parse(data) as PageState;
  const [json, ..._blocks] = await Promise.all([state, ...parts].map(bytesOf));
  const traits: Record<string, unknown> = JSON.parse(new TextDecoder().decode(json));
  const theme = themeIn(parameters());
  if (theme) (traits.options as Options).theme = theme;
  return pageModel({ ...traits, _blocks }, host.dataset.live);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
