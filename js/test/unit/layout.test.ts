import { describe, expect, it } from "vitest";
import { isDrawable, layoutNetwork, sourcePoint, targetPoint, ticksOnStage } from "../../src/layout";
import { lstmNetwork } from "./nets";

const looks = { width: 900, height: 480, unfolded: {}, order: new Map<string, Int32Array>() };

describe("layout of a recurrent network", () => {
  it("puts h(t-1) in a lane on the source side of its layer, below its units", () => {
    const { places } = layoutNetwork(lstmNetwork(3, 8), looks);
    const [input, units, lane] = ["input", "lstm", "lstm.h(t-1)"].map((id) => places.get(id)!);
    expect(lane.x).toBeGreaterThan(input.x);
    expect(lane.x).toBeLessThan(units.x);
    expect(Math.min(...lane.unitY)).toBeGreaterThan(Math.max(...units.unitY));
  });

  it("gives each gate its own port, in the order i, f, g, o from the top", () => {
    const { places } = layoutNetwork(lstmNetwork(3, 8), looks);
    const ys = ["i", "f", "g", "o"].map((port) => targetPoint(places.get("lstm")!, 2, port)[1]);
    expect([...ys].sort((a, b) => a - b)).toEqual(ys);
    expect(new Set(ys).size).toBe(4);
  });

  it("keeps the ports of neighbouring units apart", () => {
    const { places } = layoutNetwork(lstmNetwork(3, 16), looks);
    const last = targetPoint(places.get("lstm")!, 0, "o")[1];
    expect(targetPoint(places.get("lstm")!, 1, "i")[1]).toBeGreaterThan(last + 1);
  });

  it("turns layers of more than 16 units into gate bands with a folded lane and one drawable gate", () => {
    const network = lstmNetwork(3, 64);
    const layout = layoutNetwork(network, looks);
    expect(layout.places.get("lstm")!.form).toBe("bands");
    expect(layout.places.get("lstm")!.tiles).toHaveLength(4);
    expect(layout.places.get("lstm.h(t-1)")!.form).toBe("folded");
    const drawable = network.bundles.filter((bundle) => isDrawable(layout, bundle));
    expect(drawable.map((bundle) => bundle.id)).toEqual(["lstm.weight_ih_l0[i]"]);
  });

  it("draws biases as ticks above 16 units and as links from a 1 up to there", () => {
    const biasesOf = (nUnits: number) => {
      const network = lstmNetwork(3, nUnits);
      const layout = layoutNetwork(network, looks);
      const lined = network.bundles
        .filter(({ role }) => role === "bias")
        .filter((b) => isDrawable(layout, b));
      const ticks = ticksOnStage(layout).map(({ port }) => port);
      return { lined: lined.length, ticks, hasOne: layout.places.has("lstm.bias_ih_l0") };
    };
    expect(biasesOf(16)).toEqual({ lined: 4, ticks: [], hasOne: true });
    expect(biasesOf(17)).toEqual({ lined: 0, ticks: ["i"], hasOne: false }); // of the unfolded gate
  });

  it("places everything inside the content, at any width", () => {
    for (const width of [300, 700, 1400]) {
      const layout = layoutNetwork(lstmNetwork(3, 16), { ...looks, width });
      for (const place of layout.places.values()) {
        expect(sourcePoint(place, 0)[0]).toBeLessThan(layout.width);
        expect(place.top).toBeGreaterThanOrEqual(0);
        expect(place.top + place.height).toBeLessThanOrEqual(480);
      }
    }
  });
});
