// The buttons of the clock: first, back, play, forward, last, loop, speed.
import { hear, html, iconButton, put } from "../dom";
import { type Player, SPEEDS } from "../player";

type Icon = "first" | "back" | "play" | "pause" | "forward" | "last" | "loop";
const ICONS: Record<Icon, string> = {
  first: "M3.5 3.5v9M12.5 3.5l-6.5 4.5 6.5 4.5z",
  back: "M11 3.5l-6.5 4.5 6.5 4.5z",
  play: "M4.5 3l8.5 5-8.5 5z",
  pause: "M5 3.5v9M11 3.5v9",
  forward: "M5 3.5l6.5 4.5-6.5 4.5z",
  last: "M12.5 3.5v9M3.5 3.5l6.5 4.5-6.5 4.5z",
  loop: "M4 10.5h-.5a2 2 0 0 1-2-2v-2a2 2 0 0 1 2-2h8M9.5 2l2.5 2.5-2.5 2.5M12 5.5h.5a2 2 0 0 1 2 2v2a2 2 0 0 1-2 2h-8M6.5 14l-2.5-2.5 2.5-2.5",
};
const CHOICES = [0.5, 1, 2, 4, 8, 15, 30, 60, 120].filter(
  (speed) => speed >= SPEEDS.min && speed <= SPEEDS.max,
);

/** A choice of speeds that also shows one which somebody set elsewhere. */
function speedChoice(player: Player, signal: AbortSignal): { element: HTMLSelectElement; update(): void } {
  const title = "Speed, checkpoints per second";
  const element = html("select", { class: "nwv-speed", "aria-label": title, title });
  let shown = Number.NaN;
  const update = () => {
    if (player.speed === shown) return;
    shown = player.speed;
    const all = [...new Set([...CHOICES, shown])].sort((a, b) => a - b);
    element.replaceChildren(
      ...all.map((speed) => html("option", { value: speed }, `${Number(speed.toPrecision(3))}/s`)),
    );
    element.value = String(shown);
  };
  hear(element, { change: () => (player.speed = Number(element.value)) }, signal);
  return { element, update };
}

export function createTransport(
  player: Player,
  signal: AbortSignal,
): { element: HTMLElement; update(): void } {
  const button = (label: string, icon: Icon, act: () => void) => {
    const element = iconButton(label, ICONS[icon]);
    element.classList.add("nwv-transport-button", `nwv-icon-${icon}`);
    hear(element, { click: act }, signal);
    return element;
  };
  const play = button("Play", "play", () => player.toggle());
  const steps = [
    button("First checkpoint", "first", () => player.first()),
    button("Previous checkpoint", "back", () => player.step(-1)),
    play,
    button("Next checkpoint", "forward", () => player.step(1)),
    button("Last checkpoint", "last", () => player.last()),
  ];
  const loop = button("Loop", "loop", () => (player.loop = !player.loop));
  const speed = speedChoice(player, signal);
  const element = html(
    "div",
    { class: "nwv-transport", role: "group", "aria-label": "Playback" },
    ...steps,
    loop,
    speed.element,
  );
  let showsPause: boolean | null = null;

  function update(): void {
    for (const control of [...steps, loop, speed.element]) control.disabled = player.nCheckpoints < 2;
    put(loop, "aria-pressed", player.loop);
    speed.update();
    if (player.playing === showsPause) return;
    showsPause = player.playing;
    const label = showsPause ? "Pause" : "Play";
    play.setAttribute("aria-label", label);
    play.title = `${label} (space)`;
    play.querySelector("path")!.setAttribute("d", ICONS[showsPause ? "pause" : "play"]);
  }
  return { element, update };
}
