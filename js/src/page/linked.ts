// One playhead for several diagrams: where one goes, the others go too.
import type { PageDiagram } from "./diagram";

interface Moments {
  nCheckpoints: number;
  steps: (number | null)[] | null;
}

/** The checkpoint that stands beside checkpoint k of another history: the latest one not later, or the same number. */
export function beside(from: Moments, k: number, to: Moments, byStep: boolean): number {
  const step = byStep ? from.steps?.[k] : null;
  if (step == null || !to.steps) return Math.min(k, to.nCheckpoints - 1);
  return Math.max(
    0,
    to.steps.findLastIndex((other) => other !== null && other <= step),
  );
}

/**
 * Link diagrams from now on, beginning where `first` is. Those with the most checkpoints have clocks that run, side by
 * side; the others are taken along, and their play button is that of the first of these.
 */
export function link(diagrams: PageDiagram[], first: PageDiagram): void {
  const byStep = first.host.dataset.linked === "step";
  const most = Math.max(...diagrams.map(({ session }) => session.history.nCheckpoints));
  const runs = ({ session }: PageDiagram) => session.history.nCheckpoints === most;
  const leader = diagrams.find(runs)!;
  const place = (from: PageDiagram, k: number, to: PageDiagram) =>
    from === to ? k : beside(from.session.history, k, to.session.history, byStep);
  let isMoving = false;
  const move = (from: PageDiagram): void => {
    if (isMoving) return;
    isMoving = true;
    for (const other of diagrams) {
      const { player } = other.session;
      const k = place(from, from.session.player.checkpoint, other);
      if (player.checkpoint !== k) player.seek(k);
    }
    isMoving = false;
  };
  const play = (from: PageDiagram): void => {
    const { player } = from.session;
    const { playing } = player;
    if (runs(from)) for (const other of diagrams.filter(runs)) other.session.player.playing = playing;
    else if (playing) {
      player.pause();
      leader.session.player.toggle();
    }
  };
  const pace = (from: PageDiagram): void => {
    const { speed, loop } = from.session.player;
    for (const { session } of diagrams) {
      session.player.speed = speed;
      session.player.loop = loop;
    }
  };
  const drawn = diagrams.map(({ session }) => session.player.isDrawn);
  for (const diagram of diagrams) {
    const { model, host, session } = diagram;
    model.on("change:checkpoint", () => move(diagram));
    model.on("change:playing", () => play(diagram));
    for (const trait of ["speed", "loop"]) model.on(`change:${trait}`, () => pace(diagram));
    host.toggleAttribute("data-follows", !runs(diagram));
    session.player.isDrawn = (k) => diagrams.every((other, i) => drawn[i](place(diagram, k, other)));
  }
  pace(first);
  move(first);
}
