// What is said of links that change and of what is selected, against values that are known.
import { describe, expect, it } from "vitest";
import { changeWords } from "../../src/extras/changed";
import { selectionWords } from "../../src/extras/selected";
import type { History } from "../../src/history";
import type { Bundle } from "../../src/network";
import { chain } from "./nets";

const whole = chain(["in", "fc"], [2, 2]);
const network = { ...whole, bundles: whole.bundles.filter(({ role }) => role === "input") };
const STEPS = [
  [0.1, -0.5, 0.3, 0.9],
  [0.4, 0.25, 0.3, 0.2],
  [0.4, 0.25, 0.3, 0.2],
];

/** A history of the four links above; a checkpoint without values was not recorded. */
const historyOf = (steps: (number[] | null)[]): History =>
  ({
    bundle(_: Bundle, k: number, out: Float32Array): boolean {
      const values = steps[k];
      if (values) out.set(values);
      else out.fill(Number.NaN);
      return values !== null && values !== undefined;
    },
  }) as unknown as History;

describe("what changed", () => {
  const said = (k: number, steps: (number[] | null)[] = STEPS) => changeWords(network, historyOf(steps), k);

  it("is what grew, shrank and changed sign most, with the values before and after", () => {
    expect(said(1)).toBe(
      "Since the checkpoint before: Grown most: in · unit 1 → fc · unit 1 from 0.1 to 0.4. " +
        "Shrunk most: in · unit 2 → fc · unit 2 from 0.9 to 0.2; in · unit 2 → fc · unit 1 from −0.5 to 0.25. " +
        "1 of 4 links changed sign, most of all in · unit 2 → fc · unit 1 from −0.5 to 0.25.",
    );
  });

  it("is nothing between equal checkpoints, and not said of the first or of what was not recorded", () => {
    expect(said(2)).toBe("Since the checkpoint before: no link changed.");
    expect(said(0)).toBe("");
    expect(said(1, [null, STEPS[1]])).toBe("");
  });

  it("leaves NaN out", () => {
    expect(
      said(1, [
        [Number.NaN, 1, 1, 1],
        [1, 1, 1, Number.NaN],
      ]),
    ).toBe("Since the checkpoint before: no link changed.");
  });
});

describe("what is selected", () => {
  const [bundle] = network.bundles;
  const said = (selection: Parameters<typeof selectionWords>[2], k = 0) =>
    selectionWords(network, historyOf([STEPS[0], null]), selection, k);

  it("is a link with its value", () => {
    expect(said({ bundle: bundle.id, target: 1, source: 0 })).toBe(
      "Selected: in · unit 1 → fc · unit 2: 0.3.",
    );
    expect(said({ bundle: bundle.id, target: 1, source: 0 }, 1)).toBe(
      "Selected: in · unit 1 → fc · unit 2: not recorded.",
    );
  });

  it("is a unit with its links, strongest first", () => {
    expect(said({ group: bundle.target, unit: 0 })).toBe(
      "Selected: fc · unit 1, 2 links; strongest in · unit 2 → fc · unit 1: −0.5; in · unit 1 → fc · unit 1: 0.1.",
    );
  });

  it("is nothing where nothing is", () => expect(said(null)).toBe(""));
});
