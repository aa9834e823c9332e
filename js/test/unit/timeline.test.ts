// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import type { TimelineData, TimelineLooks } from "../../src/panel/timeline";
import { buildTimeline, range, run, steps, THIN, timelineStage } from "./timeline.fixture";

const controller = timelineStage();
const setUp = (given?: Partial<TimelineData>, look?: Partial<TimelineLooks>) =>
  buildTimeline(controller().signal, given, look);

describe("the slider", () => {
  it("says where it stands, in numbers and in words with the values recorded there", () => {
    const { slider, player } = setUp();
    player.seek(12);
    const attribute = (name: string) => slider.getAttribute(name);
    expect([attribute("role"), attribute("tabindex"), attribute("aria-label")]).toEqual([
      "slider",
      "0",
      "Checkpoint",
    ]);
    expect(["min", "now", "max"].map((name) => attribute(`aria-value${name}`))).toEqual(["1", "13", "31"]);
    expect(attribute("aria-valuetext")).toContain(
      `epoch 12 · step 5${THIN}640 (13/31), loss 0.1538, val_loss not recorded`,
    );
  });

  it("is moved by the keys and keeps them from the notebook", () => {
    const { player, press } = setUp();
    const after = (key: string) => {
      expect(press(key).defaultPrevented).toBe(true);
      return player.checkpoint;
    };
    expect(
      ["ArrowRight", "ArrowUp", "ArrowLeft", "PageUp", "PageDown", "End", "ArrowDown", "Home"].map(after),
    ).toEqual([1, 2, 1, 4, 1, 30, 29, 0]);
    expect(press("x").defaultPrevented).toBe(false);
  });

  it("plays and pauses with the space bar", () => {
    const { player, press } = setUp();
    press(" ");
    expect(player.playing).toBe(true);
    press(" ");
    expect(player.playing).toBe(false);
  });

  it("scrubs to the nearest checkpoint, by press and by drag", () => {
    const { player, point } = setUp();
    point("pointerdown", 205);
    expect(player.checkpoint).toBe(10);
    point("pointermove", 411);
    expect(player.checkpoint).toBe(21);
    point("pointermove", 5000);
    expect(player.checkpoint).toBe(30);
    point("pointerup", 5000);
    point("pointermove", 0);
    expect(player.checkpoint).toBe(30);
  });

  it("goes on playing after a drag if it played before", () => {
    const { player, point } = setUp();
    player.play();
    point("pointerdown", 200);
    expect(player.playing).toBe(false);
    point("pointerup", 200);
    expect(player.playing).toBe(true);
  });

  it("reads out a checkpoint under the pointer without going there", () => {
    const { player, point, find } = setUp();
    point("pointermove", 100);
    expect(find(".nwv-readout").hidden).toBe(false);
    expect(find(".nwv-readout").textContent).toContain("epoch 5");
    expect(player.checkpoint).toBe(0);
    point("pointerleave", 100);
    expect(find(".nwv-readout").hidden).toBe(true);
  });
});

describe("zooming", () => {
  const wheel = (slider: Element, deltaY: number) => {
    const event = new WheelEvent("wheel", { deltaY, bubbles: true, cancelable: true });
    Object.defineProperty(event, "clientX", { value: 254 }); // happy-dom's wheel has no place
    slider.dispatchEvent(event);
    return event.defaultPrevented;
  };

  it("leaves the page its wheel until the curve is in use", () => {
    const { slider, find } = setUp();
    expect(wheel(slider, -200)).toBe(false);
    slider.focus();
    expect(wheel(slider, -200)).toBe(true);
    expect(find(".nwv-unzoom").hidden).toBe(false);
    expect(find(".nwv-unzoom").textContent).toContain("1.8×");
  });

  it("is undone by button, key and double click", () => {
    const { slider, find, press } = setUp();
    const isZoomed = () => !find(".nwv-unzoom").hidden;
    for (const undo of [
      () => find(".nwv-unzoom").click(),
      () => press("0"),
      () => slider.dispatchEvent(new MouseEvent("dblclick")),
      () => press("-"),
    ]) {
      press("+");
      expect(isZoomed()).toBe(true);
      undo();
      expect(isZoomed()).toBe(false);
    }
  });

  it("scrubs in the zoomed part, and takes it along with the playhead", () => {
    const { player, press, point, find } = setUp();
    for (let i = 0; i < 4; i++) press("+"); // about the first checkpoint, to a fifth
    point("pointerdown", 600);
    expect(player.checkpoint).toBe(6);
    point("pointerup", 600);
    player.seek(20);
    expect(find(".nwv-playhead").hidden).toBe(false);
    expect(find(".nwv-unzoom").hidden).toBe(false);
  });
});

describe("the curves", () => {
  it("name every metric with its value here, or say that there is none", () => {
    const { host, player } = setUp();
    player.seek(12);
    const values = [...host.querySelectorAll(".nwv-metric-value")].map((value) => value.textContent);
    expect(values.slice(0, 2)).toEqual(["0.1538", "–"]);
  });

  it("show the names that users give as text only", () => {
    const { host } = setUp();
    expect(host.querySelector("img")).toBeNull();
    expect(host.textContent).toContain("<img src=x onerror=alert(1)>");
  });

  it("are switched by their names", () => {
    const { host, looks } = setUp();
    const chips = () => [...host.querySelectorAll<HTMLButtonElement>("button.nwv-metric")];
    expect(host.querySelectorAll("path.nwv-curve").length).toBe(6); // three of them are in the names
    chips()[0].click();
    expect(looks.metrics).toEqual(["val_loss", "<img src=x onerror=alert(1)>"]);
    expect(chips().map((chip) => chip.getAttribute("aria-pressed"))).toEqual(["false", "true", "true"]);
    expect(host.querySelectorAll("path.nwv-curve").length).toBe(5);
    chips()[0].click();
    expect(looks.metrics).toBeNull();
  });

  it("mark what is not finite", () => {
    const y = steps.map((_, k) => (k === 5 ? Number.NaN : k === 9 ? Number.NEGATIVE_INFINITY : 1));
    const { host } = setUp({ metrics: [{ name: "loss", x: steps, y }] });
    const titles = [...host.querySelectorAll(".nwv-odd title")].map((title) => title.textContent);
    expect(titles).toEqual(["loss: NaN", "loss: −Inf"]);
  });

  it("offer a logarithmic scale only for positive values", () => {
    const { find, looks } = setUp({ metrics: run.metrics.slice(0, 1) });
    find(".nwv-log").click();
    expect(looks.y).toBe("log");
    expect(find(".nwv-log").getAttribute("aria-pressed")).toBe("true");
    const withZero = setUp();
    const log = withZero.find<HTMLButtonElement>(".nwv-log");
    expect([log.disabled, log.title.includes("positive")]).toEqual([true, true]);
  });

  it("offer the layout by step only where it differs", () => {
    expect(setUp().find(".nwv-by-step").hidden).toBe(true);
    const { find, looks } = setUp({ steps: range(31).map((k) => 2 ** k), metrics: [] });
    expect(find(".nwv-by-step").hidden).toBe(false);
    find(".nwv-by-step").click();
    expect(looks.x).toBe("index");
  });

  it("are the size of the update where there are no metrics", () => {
    const sizes = range(31).map((k) => (k === 0 ? Number.NaN : 1 / k));
    const { host, player } = setUp({ metrics: [], updateSizes: sizes });
    expect(host.textContent).toContain("size of the update ‖w(t) − w(t−1)‖");
    expect(host.querySelector(".nwv-metric-value")!.textContent).toBe("–");
    player.seek(2);
    expect(host.querySelector(".nwv-metric-value")!.textContent).toBe("0.5");
  });
});

describe("a frame of playback", () => {
  it("moves the playhead smoothly while numbers stay those of the recorded checkpoint", () => {
    const { player, find, frame, label, slider } = setUp();
    player.play();
    for (const time of [0, 100, 200]) frame(time); // 8 a second: position 1.6
    expect(player.position).toBeCloseTo(1.6);
    expect(find(".nwv-playhead").style.transform).toBe("translateX(86.00px)");
    expect(label()).toBe("epoch 1 · step 470 (2/31)");
    expect(slider.getAttribute("aria-valuenow")).toBe("2");
  });

  it("reads no data, measures nothing and builds no paths", () => {
    const { player, read, find, frame } = setUp();
    const path = find("path.nwv-curve:not(.nwv-swatch *)");
    player.play();
    frame(0);
    read.mockClear();
    const measured = vi.mocked(Object.getOwnPropertyDescriptor(HTMLElement.prototype, "clientWidth")!.get!);
    measured.mockClear();
    for (let time = 100; time < 2000; time += 100) frame(time);
    expect(player.checkpoint).toBeGreaterThan(10);
    expect(read).not.toHaveBeenCalled();
    expect(measured).not.toHaveBeenCalled();
    expect(find("path.nwv-curve:not(.nwv-swatch *)")).toBe(path);
  });
});

describe("the row", () => {
  it("has buttons that say what they do", () => {
    const { player, button, find } = setUp();
    button("Last checkpoint").click();
    expect(player.checkpoint).toBe(30);
    button("Previous checkpoint").click();
    expect(player.checkpoint).toBe(29);
    button("First checkpoint").click();
    button("Next checkpoint").click();
    expect(player.checkpoint).toBe(1);
    button("Loop").click();
    expect([player.loop, button("Loop").getAttribute("aria-pressed")]).toEqual([true, "true"]);
    button("Play").click();
    expect([player.playing, button("Pause") !== null]).toEqual([true, true]);
    const speed = find<HTMLSelectElement>("select");
    speed.value = "30";
    speed.dispatchEvent(new Event("change"));
    expect(player.speed).toBe(30);
  });

  it("shows a speed that somebody set elsewhere", () => {
    const { player, find } = setUp();
    player.speed = 7;
    expect(find<HTMLSelectElement>("select").value).toBe("7");
  });

  it("says that it waits for the kernel", () => {
    const { player, find } = setUp();
    player.isReady = (k) => k < 3;
    player.seek(5);
    expect(find(".nwv-waiting").textContent).toBe("waiting for the kernel");
    player.seek(2);
    expect(find(".nwv-waiting").textContent).toBe("");
  });

  it("is quiet with one checkpoint", () => {
    const { host, label, slider, find, press, player } = setUp({
      nCheckpoints: 1,
      steps: null,
      epochs: null,
      metrics: [],
    });
    expect(label()).toBe("one checkpoint");
    expect([slider.getAttribute("role"), slider.hasAttribute("tabindex")]).toEqual(["img", false]);
    expect(find(".nwv-curve-area").hidden).toBe(true);
    expect(
      [...host.querySelectorAll("button, select")].every(
        (e) => (e as HTMLButtonElement).disabled || (e as HTMLElement).hidden,
      ),
    ).toBe(true);
    expect([press(" ").defaultPrevented, player.playing]).toEqual([false, false]);
  });

  it("survives a history without checkpoints, and grows with it", () => {
    const { data, label, timeline, player, slider, point } = setUp({
      nCheckpoints: 0,
      steps: [],
      epochs: [],
      metrics: [],
    });
    expect(label()).toBe("no checkpoints yet");
    point("pointermove", 10);
    Object.assign(data, run);
    player.nCheckpoints = 31;
    timeline.update();
    player.seek(30);
    expect(label()).toBe(`epoch 30 · step 14${THIN}100 (31/31)`);
    expect(slider.getAttribute("aria-valuemax")).toBe("31");
  });

  it("leaves with the signal", () => {
    const { host, player } = setUp();
    controller().abort();
    expect(host.children.length).toBe(0);
    player.seek(3);
    expect(host.children.length).toBe(0);
  });
});
