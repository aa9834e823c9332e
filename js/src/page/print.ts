// What print needs that a style sheet cannot do: light colours at once, and the width that things were laid out for.

const WIDEST_PX = 880; // what fits on upright A4 and letter as browsers scale them

/** Ready the diagrams whenever the page is printed; returns what has to be told of each that is shown. */
export function readyForPrint(): (host: HTMLElement) => void {
  const paper = matchMedia("print");
  const roots: HTMLElement[] = [];
  const sizes = new ResizeObserver(() => {
    for (const root of paper.matches ? [] : roots) {
      const width = root.offsetWidth; // on the screen: once asked, the browser has laid out the paper
      root.style.setProperty("--nwv-page-width", `${width}px`);
      root.style.setProperty("--nwv-page-zoom", String(Math.min(1, WIDEST_PX / width)));
    }
  });
  /** Pictures are made elsewhere and would come too late: dark ones are turned over. */
  const print = (isPrinted: boolean): void => {
    for (const root of roots) {
      if (isPrinted === "printed" in root.dataset) continue;
      root.dataset.printed ??= root.dataset.theme;
      root.dataset.theme = isPrinted ? "light" : root.dataset.printed;
      if (!isPrinted) delete root.dataset.printed;
    }
  };
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));
  paper.addEventListener("change", () => print(paper.matches));
  return (host) => {
    const root = host.firstElementChild as HTMLElement;
    roots.push(root);
    sizes.observe(root);
  };
}
