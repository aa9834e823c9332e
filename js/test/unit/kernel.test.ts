// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/options";
import { KernelPicture } from "../../src/panel/kernel";
import { historyOf, kernelNetwork, range } from "./kernels.fixture";

async function picture(rest: number[], checkpoints: (number[] | null)[]) {
  const network = kernelNetwork([1, 1, ...rest]);
  const history = await historyOf(network, checkpoints);
  const looks = { options: DEFAULTS, isDark: false, isPointable: true, domains: {} };
  return new KernelPicture(history, network.bundles[0], [0, 0], 0, looks);
}

const label = ({ element }: KernelPicture) => element.querySelector("[role=img]")!.getAttribute("aria-label");
const text = ({ element }: KernelPicture, selector: string) => element.querySelector(selector)!.textContent;

describe("the picture of a kernel", () => {
  it("says its range in words and follows the playhead", async () => {
    const kernel = await picture([4, 4], [range(16), range(16).map((i) => -i / 2)]);
    expect(label(kernel)).toBe("4 × 4 kernel, from 0 to 15; 1 beyond the domain");
    kernel.move(1);
    expect(label(kernel)).toContain("4 × 4 kernel, from −7.5 to 0");
    expect(text(kernel, ".nwv-kernel-about b")).toBe("−7.5 … 0");
  });

  it("writes few values into their cells", async () => {
    const kernel = await picture([2, 2], [[0.5, -0.25, Number.NaN, Number.POSITIVE_INFINITY]]);
    const cells = [...kernel.element.querySelectorAll(".nwv-kernel-values span")];
    expect(cells.map((cell) => cell.textContent)).toEqual(["0.5", "−0.25", "NaN", "+Inf"]);
    expect(label(kernel)).toMatch(
      /^2 × 2 kernel, from −0.25 to 0.5; 2 NaN or infinite;.*: 0.5, −0.25, NaN, \+Inf$/,
    );
    expect(text(kernel, ".nwv-kernel-about")).toContain("2 NaN or infinite");
  });

  it("writes a short strip's values below it", async () => {
    const kernel = await picture([6], [range(6)]);
    expect(text(kernel, ".nwv-kernel-below")).toBe("0, 1, 2, 3, 4, 5");
  });

  it("is not there where nothing was recorded, and comes back", async () => {
    const kernel = await picture([2, 2], [range(4), null]);
    kernel.move(1);
    const shown = kernel.element.querySelector<HTMLElement>(".nwv-kernel-panes")!;
    expect(shown.hidden).toBe(true);
    expect(text(kernel, ".nwv-kernel-about")).toBe("2 × 2 kernel: not recorded here");
    kernel.move(0);
    expect(shown.hidden).toBe(false);
  });

  it("reads the cell under the pointer", async () => {
    const kernel = await picture([2, 4, 4], [range(32)]);
    const second = kernel.element.querySelectorAll(".nwv-kernel-pane")[1];
    second.getBoundingClientRect = () => ({ left: 10, top: 20, width: 40, height: 40 }) as DOMRect;
    second.dispatchEvent(new PointerEvent("pointermove", { clientX: 25, clientY: 55 }));
    expect(text(kernel, "output")).toBe("w[0, 0, 1, 3, 1] 29");
    second.dispatchEvent(new PointerEvent("pointerleave"));
    expect(text(kernel, "output")).toBe("Point at a cell for its value.");
  });
});
