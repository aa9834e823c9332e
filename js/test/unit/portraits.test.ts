import { describe, expect, it } from "vitest";
import type { Index } from "../../src/blocks";
import { boxOf, centreOf } from "../../src/hanging";
import { History } from "../../src/history";
import { isDrawable, type Layout, layoutNetwork, type Picture } from "../../src/layout";
import type { Group, Network } from "../../src/network";
import { isLegible } from "../../src/opening";
import { DEFAULTS, type Options } from "../../src/options";
import { type Exhibit, gridOf, portrayed } from "../../src/portraits";
import type { ViewContext } from "../../src/views/context";
import { focusOf } from "../../src/views/graph/focus";
import { Gallery, ticksBelow, unitInPicture } from "../../src/views/graph/gallery";
import { Links } from "../../src/views/graph/links";
import { pick, selectionOf } from "../../src/views/graph/pick";
import { Scene } from "../../src/views/graph/scene";
import { nextUnit } from "../../src/views/graph/walk";
import { chain } from "./nets";

type State = Record<string, Float32Array>;

function imageNetwork(nUnits: number, grid: number[] | null, nOut = 10): Network {
  const nInputs = grid ? grid.reduce((a, b) => a * b, 1) : 784;
  const network = chain(["input", "hidden", "out"], [nInputs, nUnits, nOut]);
  network.groups[0].grid = grid;
  return network;
}

function randomState(network: Network, seed: number): State {
  let at = seed;
  const random = () => {
    at = (at * 16807) % 2147483647;
    return (at / 2147483647) * 2 - 1;
  };
  const sizes = Object.entries(network.parameters);
  return Object.fromEntries(
    sizes.map(([name, dims]) => [
      name,
      Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, random),
    ]),
  );
}

function indexOf(network: Network, states: State[]): [Index, Uint8Array[]] {
  const parts: Uint8Array[] = [];
  const blocks = states.flatMap((state, k) =>
    Object.entries(network.parameters).map(([name, dims]) => {
      const bytes = new Uint8Array(state[name].slice().buffer);
      const part = parts.push(bytes) - 1;
      const code = { dtype: "float32", scale: 1, coding: "raw" } as const;
      const about = { run: "run", quantity: "weights", name, dims } as const;
      return { ...about, ...code, start: k, stop: k + 1, part, offset: 0, n_bytes: bytes.length };
    }),
  );
  const runs = [{ name: "run", n_checkpoints: states.length, steps: null, epochs: null, metrics: {} }];
  return [{ format: 1, precision: "float32", window: null, notes: [], runs, blocks, orders: {} }, parts];
}

async function contextOf(network: Network, states: State[], change: Partial<Options> = {}) {
  const history = new History(network, null);
  history.open(...indexOf(network, states));
  await history.decoding;
  const options = { ...DEFAULTS, ...change };
  return { network, history, options: () => options } as unknown as ViewContext;
}

/** As a reader would check it with numpy: norm of a row of one matrix times the norm of a column of the other. */
function ranking(state: State, nInputs: number, nUnits: number, nOut: number): number[] {
  const size = (values: number[]) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
  const strengths = Array.from({ length: nUnits }, (_, j) => {
    const into = Array.from({ length: nInputs }, (_, i) => state["hidden.weight"][j * nInputs + i]);
    const out = Array.from({ length: nOut }, (_, o) => state["out.weight"][o * nUnits + j]);
    return size(into) * size(out);
  });
  return strengths.map((_, j) => j).sort((a, b) => strengths[b] - strengths[a]);
}

const exhibitsOf = (network: Network): Map<string, Exhibit> =>
  new Map(
    [...portrayed(network)].map(([id, about]) => {
      const ranked = Int32Array.from({ length: about.bundle.shape[0] }, (_, unit) => unit);
      return [id, { ...about, ranked, idle: new Map() }];
    }),
  );

const layoutOf = (network: Network, width = 900, height = 480): Layout =>
  layoutNetwork(network, {
    width,
    height,
    unfolded: {},
    order: new Map(),
    exhibits: exhibitsOf(network),
  });

describe("the ranking of portraits", () => {
  it("is by the norm of incoming times outgoing weights at the last checkpoint", async () => {
    const network = imageNetwork(30, [6, 6], 4);
    const states = [randomState(network, 1), randomState(network, 2)];
    const exhibits = new Gallery().exhibits(await contextOf(network, states));
    expect([...exhibits.get("hidden")!.ranked]).toEqual(ranking(states[1], 36, 30, 4));
  });

  it("stays when the history grows", async () => {
    const network = imageNetwork(30, [6, 6], 4);
    const states = [randomState(network, 1), randomState(network, 2)];
    const gallery = new Gallery();
    const before = [...gallery.exhibits(await contextOf(network, states)).get("hidden")!.ranked];
    const grown = await contextOf(network, [...states, randomState(network, 3)]);
    expect([...gallery.exhibits(grown).get("hidden")!.ranked]).toEqual(before);
    expect([...new Gallery().exhibits(grown).get("hidden")!.ranked]).not.toEqual(before);
  });

  it("tells dead units, into or out of which all weights are 0, and those that training left as they were", async () => {
    const network = imageNetwork(5, [4, 4], 3);
    const [first, last] = [randomState(network, 1), randomState(network, 2)];
    last["hidden.weight"].fill(0, 0, 16); // into unit 0
    for (let o = 0; o < 3; o++) last["out.weight"][o * 5 + 1] = 0; // out of unit 1
    last["hidden.weight"].set(first["hidden.weight"].subarray(32, 48), 32); // unit 2
    const { idle } = new Gallery().exhibits(await contextOf(network, [first, last])).get("hidden")!;
    expect([...idle].sort()).toEqual([
      [0, "dead"],
      [1, "dead"],
      [2, "unchanged"],
    ]);
  });

  it("is not asked for when portraits are switched off", async () => {
    const network = imageNetwork(5, [4, 4], 3);
    const context = await contextOf(network, [randomState(network, 1)], { portraits: false });
    expect(new Gallery().exhibits(context).size).toBe(0);
  });
});

describe("the grid of an image", () => {
  const input = (n_units: number, rest: Partial<Group> = {}): Group => ({
    ...chain(["input"], n_units).groups[0],
    ...rest,
  });

  it("is guessed of a square of at least 100 inputs without names, and of nothing else", () => {
    expect(gridOf(input(784))).toEqual({ channels: 1, rows: 28, columns: 28, isGuessed: true });
    expect(gridOf(input(100))!.isGuessed).toBe(true);
    expect(gridOf(input(64))).toBeNull();
    expect(gridOf(input(101))).toBeNull();
    expect(gridOf(input(144, { unit_names: Array(144).fill("a") }))).toBeNull();
    expect(gridOf(input(144, { role: "units" }))).toBeNull();
  });

  it("is what was stated, with channels first", () => {
    expect(gridOf(input(768, { grid: [3, 16, 16] }))).toEqual({
      channels: 3,
      rows: 16,
      columns: 16,
      isGuessed: false,
    });
    expect(gridOf(input(12, { grid: [3, 4] }))).toMatchObject({ channels: 1, rows: 3, columns: 4 });
  });

  it("must have as many cells as there are units", () => {
    expect(gridOf(input(12, { grid: [5, 5] }))).toBeNull();
  });
});

const overlap = (a: Picture, b: Picture): boolean =>
  a.x < b.x + b.width - 0.01 &&
  b.x < a.x + a.width - 0.01 &&
  a.y < b.y + b.height - 0.01 &&
  b.y < a.y + a.height - 0.01;

describe("pictures", () => {
  const cases = [700, 900, 1400].flatMap((width) =>
    [16, 124, 1000].flatMap((n) =>
      [
        [28, 28],
        [3, 16, 16],
        [8, 8],
      ].map((grid) => ({ width, n, grid })),
    ),
  );

  it.each(cases)("do not overlap or leave a stage of $width px: $n units of $grid", ({ width, n, grid }) => {
    const layout = layoutOf(imageNetwork(n, grid), width);
    const pictures = [...layout.places.values()].flatMap((place) => place.pictures);
    expect(pictures).toHaveLength(n + (grid.length === 3 ? grid[0] : 1));
    expect(layout.width).toBe(width);
    for (const { x, y, width: w, height: h } of pictures) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + w).toBeLessThan(layout.places.get("out")!.x - 40);
      expect(y).toBeGreaterThan(layout.top - 12);
      expect(y + h).toBeLessThanOrEqual(layout.height);
    }
    const sorted = [...pictures].sort((a, b) => a.x - b.x);
    for (let i = 0; i < sorted.length; i++)
      for (let j = i + 1; j < sorted.length && sorted[j].x < sorted[i].x + sorted[i].width; j++)
        expect(overlap(sorted[i], sorted[j])).toBe(false);
  });

  it("are of the strongest twenty in the column, and of all others on the sheet", () => {
    const place = layoutOf(imageNetwork(124, [28, 28])).places.get("hidden")!;
    const lined = [...place.unitY].filter((y) => !Number.isNaN(y));
    expect(lined).toHaveLength(20);
    expect(place.pictures).toHaveLength(124);
    expect(place.pictures[0].height).toBeGreaterThanOrEqual(28);
    expect(place.pictures[20].height).toBeLessThan(place.pictures[0].height);
  });

  it("have the bias of their unit below them, not over them", () => {
    const place = layoutOf(imageNetwork(124, [28, 28])).places.get("hidden")!;
    const ticks = ticksBelow(place);
    for (const { unit, y, height } of place.pictures) {
      const own = ticks.filter((side) => !Number.isNaN(side.y[unit]));
      expect(own).toHaveLength(1);
      expect(own[0].y[unit] - own[0].thickness / 2).toBeGreaterThanOrEqual(y + height);
    }
  });

  it.each(cases)("have it clear of pictures and of the lines of others: $width px, $n of $grid", (about) => {
    for (const stage of [240, 480]) {
      const place = layoutOf(imageNetwork(about.n, about.grid), about.width, stage).places.get("hidden")!;
      const lines = [...place.unitY].filter((at) => !Number.isNaN(at));
      const crossed = ticksBelow(place).flatMap(({ x, y, length, thickness }) =>
        place.pictures.filter(({ unit }) => {
          const tick = {
            unit,
            x: x[unit] - length,
            y: y[unit] - thickness / 2,
            width: 2 * length,
            height: thickness,
          };
          const isOnLine = (at: number) => Math.abs(at - y[unit]) <= thickness / 2;
          const isOnSheet = Number.isNaN(place.unitY[unit]);
          return place.pictures.some((other) => overlap(other, tick)) || (!isOnSheet && lines.some(isOnLine));
        }),
      );
      expect(crossed).toEqual([]);
    }
  });

  it("are not crossed by the biases of the next layer", () => {
    const layout = layoutOf(imageNetwork(16, [8, 8]), 700);
    const right = Math.max(...layout.places.get("hidden")!.pictures.map(({ x, width }) => x + width));
    expect(layout.places.get("out.bias")!.x).toBeGreaterThanOrEqual(Math.floor(right));
  });

  it("are found under the pointer: portraits by unit, images by pixel", () => {
    const layout = layoutOf(imageNetwork(40, [3, 16, 16]));
    for (const id of ["hidden", "input"]) {
      const place = layout.places.get(id)!;
      for (const unit of [0, 17, 39, ...(id === "input" ? [300, 767] : [])])
        expect(unitInPicture(place, place.grid, ...centreOf(place, unit))).toBe(unit);
    }
  });
});

describe("nets that read an image", () => {
  it("are drawn whole, without boxes", () => {
    expect(isLegible(imageNetwork(512, [28, 28]))).toBe(true);
    expect(isLegible(imageNetwork(128, null))).toBe(true);
    expect(isLegible(imageNetwork(64, [3, 32, 32]))).toBe(true);
  });
});

describe("links of units on a sheet", () => {
  async function sceneOf(change: Partial<Options> = {}, height = 480) {
    const network = imageNetwork(124, [8, 8]);
    const { history, options } = await contextOf(network, [randomState(network, 1)], change);
    const layout = layoutOf(network, 900, height);
    const links = new Links(network, history, options(), (b) => isDrawable(layout, b), new Map());
    return { network, layout, links, scene: new Scene(network, layout, links, options()) };
  }

  it.each([{}, { threshold: 0.4 }, { signs: ["+"] as Options["signs"] }])(
    "are counted with all others, whatever the filter: %o",
    async (change) => {
      const { network, links, scene } = await sceneOf(change);
      const { drawn, filtered, away, missing } = scene.classify(0).tally;
      expect(away).toBe(104 * 10);
      expect(drawn + filtered + away + missing).toBe(links.n);
      const all = network.bundles.reduce((n, { shape }) => n + shape[0] * shape[1], 0);
      expect(all - links.n).toBe(124 * 64 + 124); // portraits and ticks
    },
  );

  it("are drawn while their unit is in focus, from its picture", async () => {
    const { network, layout, scene } = await sceneOf();
    const looks = { width: 900, height: 480, ratio: 1 } as never;
    const unit = layout.places.get("hidden")!.pictures.at(-1)!.unit;
    scene.plan(looks, focusOf(network, { group: "hidden", unit }));
    expect(scene.classify(0).tally.away).toBe(103 * 10);
    const box = boxOf(layout.places.get("hidden")!, unit)!;
    const { from } = scene.strips.find(({ nSource }) => nSource === 124)!;
    expect(from[2 * unit]).toBeCloseTo(box.x + box.width, 3);
    scene.plan(looks, null);
    expect(scene.classify(0).tally.away).toBe(104 * 10);
  });

  it("are also those into units for which a low stage has no row", async () => {
    const network = imageNetwork(16, [8, 8]);
    const { history, options } = await contextOf(network, [randomState(network, 1)]);
    const layout = layoutOf(network, 900, 240);
    const nLined = [...layout.places.get("hidden")!.unitY].filter((y) => !Number.isNaN(y)).length;
    expect(nLined).toBeLessThan(16);
    const links = new Links(network, history, options(), (b) => isDrawable(layout, b), new Map());
    const { tally } = new Scene(network, layout, links, options()).classify(0);
    expect(tally.away).toBe((16 - nLined) * 10);
    expect(tally.drawn + tally.away).toBe(links.n);
  });
});

describe("the biases of a small layer", () => {
  async function sceneOf(change: Partial<Options> = {}) {
    const network = imageNetwork(16, [8, 8]);
    const state = randomState(network, 1);
    const context = await contextOf(network, [state], change);
    const exhibits = new Gallery().exhibits(context);
    const looks = { width: 900, height: 480, unfolded: {}, order: new Map(), exhibits };
    const layout = layoutNetwork(network, looks);
    const options = context.options();
    const links = new Links(network, context.history, options, (b) => isDrawable(layout, b), new Map());
    const scene = new Scene(network, layout, links, options);
    return { state, layout, links, scene };
  }

  it("are ticks below its portraits, and lines from a 1 where portraits are switched off", async () => {
    const { layout, links, scene, state } = await sceneOf();
    expect(layout.places.has("hidden.bias")).toBe(false);
    expect(links.bundles.map(({ id }) => id)).toEqual(["out.weight", "out.bias"]);
    const [ticks] = scene.ticks(0);
    expect([ticks.bundle, ...ticks.values]).toEqual(["hidden.bias", ...state["hidden.bias"]]);
    const lines = await sceneOf({ portraits: false });
    expect(lines.layout.places.get("hidden.bias")!.form).toBe("bias");
    expect(lines.links.bundles.map(({ id }) => id)).toContain("hidden.bias");
    expect(lines.scene.ticks(0)).toEqual([]);
  });

  it("are gone with the switch of biases", async () => {
    const { scene } = await sceneOf({ roles: ["input"] });
    expect(scene.ticks(0)).toEqual([]);
  });

  it("are under the pointer below the portrait of their unit, over the part that is drawn", async () => {
    const { layout, links, scene, state } = await sceneOf();
    const at = (x: number, y: number) =>
      selectionOf(
        pick(layout, () => scene.targets(0, null), x, y),
        links,
        null,
      );
    for (const { unit, x, y, width, height } of layout.places.get("hidden")!.pictures) {
      const share = state["hidden.bias"][unit] / links.domain(layout.ticked.get("hidden.bias")!, 0);
      const tip = x + (width / 2) * (1 + Math.max(-1, Math.min(1, share)));
      for (const here of [x + width / 2, tip])
        expect(at(here, y + height + 2)).toEqual({ bundle: "hidden.bias", target: unit, source: 0 });
      expect(at(x + width / 2, y + height - 1)).toEqual({ group: "hidden", unit });
      expect(at(tip + 4 * Math.sign(share), y + height + 2)).not.toMatchObject({ bundle: "hidden.bias" });
    }
  });
});

describe("walking through pictures", () => {
  const layout = layoutOf(imageNetwork(124, [28, 28]));
  const hidden = layout.places.get("hidden")!;
  const walk = (unit: number, direction: "up" | "down" | "left" | "right", group = "hidden") =>
    nextUnit(layout, { group, unit }, direction) as { group: string; unit: number };

  it("goes down the column, across it, and on to the next layer", () => {
    expect(walk(0, "down")).toEqual({ group: "hidden", unit: 2 }); // every other one is on the right
    expect(walk(2, "up")).toEqual({ group: "hidden", unit: 0 });
    expect([1, 3]).toContain(walk(2, "right").unit);
    expect(walk(1, "right").group).toBe("out");
  });

  it("reaches the sheet, and every unit on it, and the image behind it", () => {
    let at = walk(0, "left");
    expect(at.group).toBe("hidden");
    expect(Number.isNaN(hidden.unitY[at.unit])).toBe(true);
    for (let i = 0; i < 20 && at.group === "hidden"; i++) at = walk(at.unit, "left");
    expect(at.group).toBe("input");
    expect(at.unit % 28).toBe(27); // the nearest pixels
    expect(walk(at.unit, "left", "input")).toEqual({ group: "input", unit: at.unit - 1 });
    expect(walk(at.unit, "down", "input")).toEqual({ group: "input", unit: at.unit + 28 });
    expect(walk(at.unit, "right", "input").group).toBe("hidden");
    const seen = new Set<number>();
    const queue = [0];
    for (const unit of queue)
      for (const way of ["up", "down", "left", "right"] as const) {
        const next = walk(unit, way);
        if (next?.group !== "hidden" || seen.has(next.unit)) continue;
        seen.add(next.unit);
        queue.push(next.unit);
      }
    expect(seen.size).toBe(124);
  });
});
