// The picture of a kernel, which is in the second part of the bundle: its room is there at once, the picture follows.
import { html } from "../dom";
import type { KernelPicture } from "./kernel";

/** Loads what draws the picture. */
export type LoadKernels = () => Promise<typeof KernelPicture>;

export interface LaterPicture {
  element: HTMLElement;
  move(checkpoint: number): void;
  /** The picture is there. */
  drawn: Promise<void>;
}

type Given = ConstructorParameters<typeof KernelPicture>;

export function laterPicture(
  load: LoadKernels,
  [history, bundle, link, checkpoint, looks]: Given,
): LaterPicture {
  const element = html("div", {});
  let at = checkpoint;
  let picture: KernelPicture | null = null;
  const drawn = load().then((Picture) => {
    picture = new Picture(history, bundle, link, at, looks);
    element.append(picture.element);
  });
  const move = (k: number): void => {
    at = k;
    picture?.move(k);
  };
  return { element, move, drawn: drawn.catch(() => {}) }; // without it the numbers are still there
}
