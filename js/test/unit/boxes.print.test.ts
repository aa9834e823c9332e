// What print has of deep networks, and this: the same boxes, wires and frames (nnweightviz/opened.py, routes.py).
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { layoutNetwork } from "../../src/layout";
import { readNetwork } from "../../src/network";
import type { ViewContext } from "../../src/views/context";
import { Opened } from "../../src/views/graph/opened";
import { type Route, routesOf } from "../../src/views/graph/routes";

interface Drawn {
  expanded: string[] | null;
  columns: Record<string, number>;
  folded: [nBlocks: number, nParameters: number];
  width: number;
  places: Record<string, number[]>;
  routes: (number | (string | number)[])[][];
  frames: Record<string, number[]>;
}

const file = new URL("../../../tests/fixtures/boxes.json", import.meta.url);
const fixture: Record<string, { network: Parameters<typeof readNetwork>[0]; drawn: Drawn[] }> = JSON.parse(
  readFileSync(file, "utf8"),
);
/** Letters and names are the same, numbers are close. */
function expectClose(found: (string | number)[], expected: (string | number)[]): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries())
    if (typeof value === "number") expect(value).toBeCloseTo(expected[i] as number, 2);
    else expect(value).toBe(expected[i]);
}

/** The steps of a path without H and V, and the direction in which it arrives. */
function stepsOf({ path, tip }: Route): (string | number)[][] {
  let at = [0, 0];
  const steps = [...path.matchAll(/([MHVLCQ])([^MHVLCQ]*)/g)].map(([, letter, numbers]) => {
    const to = numbers.split(/[ ,]/).map(Number);
    const whole = letter === "H" ? [to[0], at[1]] : letter === "V" ? [at[0], to[0]] : to;
    at = whole.slice(-2);
    return [letter === "H" || letter === "V" ? "L" : letter, ...whole];
  });
  return [...steps, [tip[2]]];
}

const cases = Object.entries(fixture).flatMap(([name, { network, drawn }]) =>
  drawn.map((printed) => ({ name, network: readNetwork(network), printed })),
);

describe.each(cases)("a deep net in print: $name, expanded $printed.expanded", ({ network, printed }) => {
  const given = { network, options: () => ({ expanded: printed.expanded }), history: { nCheckpoints: 3 } };
  const opened = new Opened(given as unknown as ViewContext);
  const { groups, wires } = opened.collapsed.network;
  const looks = { width: 900, height: 480, unfolded: {}, order: new Map(), ...opened.room() };
  const layout = layoutNetwork(opened.collapsed.network, looks);
  const { routes, frames } = routesOf(layout, wires, opened.frames);

  it("has the same boxes and columns", () => {
    expect(Object.fromEntries(groups.map(({ id, column }) => [id, column]))).toEqual(printed.columns);
    expect(Object.values(opened.folded())).toEqual(printed.folded);
  });

  it("has everything at the same place", () => {
    expect(layout.width).toBeCloseTo(printed.width, 2);
    expect([...layout.places.keys()].sort()).toEqual(Object.keys(printed.places).sort());
    for (const [id, { x, top, height, halfWidth }] of layout.places)
      expectClose([x, top, height, halfWidth], printed.places[id]);
  });

  it("has wires and frames that run the same way", () => {
    expectClose(routes.flatMap(stepsOf).flat(), printed.routes.flat(2));
    const sides = frames.flatMap(({ block, left, right, top, bottom }) => [
      block.name,
      left,
      right,
      top,
      bottom,
    ]);
    expectClose(sides, Object.entries(printed.frames).flat(2));
  });
});
