// What a screen reader hears: what is shown, and what has changed since the checkpoint before. Never while it plays.
import { loadExtras } from "./extras";
import type { HostModel } from "./host";
import type { Session } from "./session";

const REST_MS = 250; // whoever holds a key down is not talked to

/** Returns what says a text in a live region as soon as the playhead rests. */
export function createSpeech(
  live: HTMLElement,
  model: HostModel,
  { network, history, player }: Session,
): (text: string) => void {
  let told = "";
  let timer: ReturnType<typeof setTimeout>;
  const say = (text: string): void => {
    if (player.playing) return;
    told = live.textContent = text;
    const add = (more: string) => {
      if (more && told === text && !player.playing) live.textContent = `${text} ${more}`;
    };
    loadExtras(model).then(
      ({ changeWords }) => add(changeWords(network, history, player.checkpoint)),
      () => {}, // the second part of the bundle is not to be had
    );
  };
  return (text) => {
    clearTimeout(timer);
    if (text !== told) timer = setTimeout(say, REST_MS, text);
  };
}
