// What print needs that a style sheet cannot do: light colours at once, and the width that things were laid out for.
import { hear } from "../dom";

/** Pictures are made elsewhere and would come too late: a dark one is turned over instead. */
function prepare(root: HTMLElement): () => void {
  const { theme } = root.dataset;
  const { width } = root.style;
  root.style.width = `${root.offsetWidth}px`; // browsers shrink a page that is too wide
  root.dataset.theme = "light";
  const pictures = theme === "dark" ? [...root.querySelectorAll("canvas")] : [];
  for (const picture of pictures) picture.classList.add("nwv-page-inverted");
  return () => {
    root.dataset.theme = theme;
    root.style.width = width;
    for (const picture of pictures) picture.classList.remove("nwv-page-inverted");
  };
}

export function readyForPrint(): void {
  let undo: (() => void)[] = [];
  const print = (isPrinted: boolean): void => {
    for (const back of undo) back();
    undo = isPrinted ? [...document.querySelectorAll<HTMLElement>(".nnweightviz")].map(prepare) : [];
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  const paper = matchMedia("print");
  hear(paper, { change: () => print(paper.matches) });
}
