// What print needs that a style sheet cannot do: light colours at once, and the width that things were laid out for.

const WIDEST_PX = 880; // what fits on upright A4 and letter as browsers scale them
const paper = matchMedia("print");
const roots = () => [...document.querySelectorAll<HTMLElement>(".nnweightviz")];

/** Pictures are made elsewhere and would come too late: a dark one is turned over instead. */
function prepare(root: HTMLElement, width: number | undefined): () => void {
  const { theme } = root.dataset;
  if (width) root.style.width = `${width}px`;
  if (width) root.style.zoom = String(Math.min(1, WIDEST_PX / width));
  root.dataset.theme = "light";
  const pictures = theme === "dark" ? [...root.querySelectorAll("canvas")] : [];
  for (const picture of pictures) picture.classList.add("nwv-page-inverted");
  return () => {
    root.dataset.theme = theme;
    root.style.width = root.style.zoom = "";
    for (const picture of pictures) picture.classList.remove("nwv-page-inverted");
  };
}

/** Ready the diagrams whenever the page is printed; returns what has to be told of each that is shown. */
export function readyForPrint(): (host: HTMLElement) => void {
  const widths = new WeakMap<Element, number>(); // on the screen: once asked, the browser has laid out the paper
  const sizes = new ResizeObserver((entries) => {
    for (const { target } of entries)
      if (!paper.matches) widths.set(target, (target as HTMLElement).offsetWidth);
  });
  let undo: (() => void)[] = [];
  const print = (isPrinted: boolean): void => {
    for (const back of undo) back();
    undo = isPrinted ? roots().map((root) => prepare(root, widths.get(root))) : [];
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  paper.addEventListener("change", () => print(paper.matches));
  return (host) => sizes.observe(host.firstElementChild!);
}
