// What a screen reader hears: what is selected and shown, and what changed since the checkpoint before. Never while it plays.
import type { Selection } from "./describe";
import { loadExtras } from "./extras";
import type { HostModel } from "./host";
import type { Session } from "./session";

const REST_MS = 250; // whoever holds a key down is not talked to

/** Returns what says in a live region, as soon as the playhead rests, what a view tells of itself and what is new. */
export function createSpeech(
  live: HTMLElement,
  model: HostModel,
  { network, history, player }: Session,
): (text: string) => void {
  let [shown, selected] = ["", "null"];
  let timer: ReturnType<typeof setTimeout>;
  const say = (text: string, selection: Selection | null, key: string): void => {
    if (player.playing) return;
    const isOther = text !== shown;
    [shown, selected] = [text, key];
    if (isOther) live.textContent = text;
    loadExtras(model).then(
      ({ changeWords, selectionWords }) => {
        if (shown !== text || selected !== key || player.playing) return;
        const k = player.checkpoint;
        const words = [selectionWords(network, history, selection, k)];
        if (isOther || !words[0]) words.push(text, changeWords(network, history, k));
        live.textContent = words.filter(Boolean).join(" ");
      },
      () => {}, // the second part of the bundle is not to be had
    );
  };
  return (text) => {
    clearTimeout(timer);
    const selection: Selection | null = model.get("selection") ?? null;
    const key = JSON.stringify(selection);
    if (text !== shown || key !== selected) timer = setTimeout(say, REST_MS, text, selection, key);
  };
}
