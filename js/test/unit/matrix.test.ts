// The matrix without its drawing: what it shows, where cells are, what pixels show, and how codes are read.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asLink, linkOf } from "../../src/describe";
import { type Codes, roomOfCodes } from "../../src/extras/matrix/coded";
import { codesOf, countCodes, digitOf } from "../../src/extras/matrix/codes";
import { entryAt, gridOfRows, sheetsOf, squarish } from "../../src/extras/matrix/grids";
import { huesOf, inkOf, rgbOf } from "../../src/extras/matrix/hues";
import { place, revealed, WHOLE, zoomAbout } from "../../src/extras/matrix/layout";
import { marksOf, rowSelectionOf, selectionOf } from "../../src/extras/matrix/marks";
import { strideOf } from "../../src/extras/matrix/names";
import { type Source, spread, strongest, tally } from "../../src/extras/matrix/paint";
import { Axis, mostShared, slotsOf } from "../../src/extras/matrix/place";
import { cellAt, entryOf, names, type Sheet, sheetFor } from "../../src/extras/matrix/sheet";
import { columnLine, columnRuns, lineName, rowLine, rowRuns } from "../../src/extras/matrix/units";
import { shortened } from "../../src/extras/matrix/written";
import { type Bundle, linkEntries, type Network, plainGroup } from "../../src/network";
import { PALETTES, PAPERS, shade } from "../../src/scale";
import { chain, groupedNetwork, lstmNetwork } from "./nets";

const parametersOf = (sheet: Sheet | null) => sheet?.pieces.map(({ view }) => view.parameter);

const sourceOf = (data: Float32Array, nColumns: number): Source => ({
  data,
  offset: 0,
  rowStride: nColumns,
  columnStride: 1,
});

/** A 2-D convolution of 3 channels to 2 with kernels of 2 by 2, and a layer that no link is of. */
function convolution(): Network {
  const network = chain(["input", "conv"], [3, 2]);
  const kernel = { shape: [2, 3, 2, 2], strides: [12, 4, 2, 1], reduce: "l2", rest_name: "kernel" } as const;
  network.bundles[0] = {
    ...network.bundles[0],
    ...kernel,
    shape: [...kernel.shape],
    strides: [...kernel.strides],
  };
  network.parameters = { "conv.weight": [2, 3, 2, 2], "conv.bias": [2], "table.entries": [4, 5, 6] };
  return network;
}

describe("what is shown", () => {
  const net = chain(["input", "fc1", "fc2"], [3, 4, 2]);

  it("is the parameter, the layer or the gate that is asked for by name", () => {
    expect(parametersOf(sheetFor(net, ["fc2.weight"], null))).toEqual(["fc2.weight"]);
    expect(parametersOf(sheetFor(net, ["fc2"], null))).toEqual(["fc2.bias", "fc2.weight"]);
    const gate = sheetFor(lstmNetwork(3, 2), ["lstm.f"], null)!;
    expect([gate.nRows, gate.nColumns]).toEqual([2, 6]);
    expect(gate.pieces.map((piece) => entryOf({ piece, row: 1, column: 0 }))).toEqual([3, 9, 6]);
    expect(sheetFor(net, ["nothing"], null)).toBeNull();
  });

  it("is otherwise the layer of what is selected, or the first one", () => {
    expect(sheetFor(net, null, null)?.name).toBe("fc1");
    expect(sheetFor(net, null, { bundle: "fc2.bias", target: 0, source: 0 })?.name).toBe("fc2");
    expect(sheetFor(net, null, { group: "fc2", unit: 1 })?.name).toBe("fc2");
    expect(sheetFor(net, null, { group: "input", unit: 1 })?.name).toBe("fc1");
    expect(sheetFor(net, null, { parameter: "fc2.weight", index: [0, 0] })?.name).toBe("fc2");
    expect(sheetFor(net, null, { block: "fc2" })?.name).toBe("fc2");
  });

  it("has biases first, and the matrices of a recurrent layer beside each other", () => {
    const sheet = sheetFor(lstmNetwork(3, 2), ["lstm"], null)!;
    expect(parametersOf(sheet)).toEqual(["lstm.bias_ih_l0", "lstm.weight_ih_l0", "lstm.weight_hh_l0"]);
    expect(sheet.pieces.map(({ first }) => first)).toEqual([0, 1, 4]);
    expect([sheet.nRows, sheet.nColumns]).toEqual([8, 6]);
  });

  it("lists layers, gates and all parameters", () => {
    expect(names(net)).toEqual(["fc1", "fc1.weight", "fc1.bias", "fc2", "fc2.weight", "fc2.bias"]);
    expect(names(lstmNetwork(3, 2)).slice(0, 6)).toEqual([
      "lstm",
      "lstm.i",
      "lstm.f",
      "lstm.g",
      "lstm.o",
      "lstm.weight_ih_l0",
    ]);
  });

  it("has the first axis of more than two in rows and the others in columns", () => {
    const sheet = sheetFor(convolution(), ["table.entries"], null)!;
    expect([sheet.nRows, sheet.nColumns]).toEqual([4, 30]);
    expect(entryOf({ piece: sheet.pieces[0], row: 2, column: 7 })).toBe(2 * 30 + 7);
  });

  it("has target units in rows where a parameter stores them in columns", () => {
    const keras = chain(["input", "dense"], [3, 4]);
    keras.bundles[0] = { ...keras.bundles[0], strides: [1, 4] };
    keras.parameters["dense.weight"] = [3, 4];
    const sheet = sheetFor(keras, ["dense.weight"], null)!;
    expect([sheet.nRows, sheet.nColumns]).toEqual([4, 3]);
    expect(entryOf({ piece: sheet.pieces[0], row: 1, column: 2 })).toBe(2 * 4 + 1);
  });
});

describe("rows and columns", () => {
  it("are called as their units, and by gate", () => {
    const network = lstmNetwork(3, 2);
    network.groups[0].unit_names = ["a", "b", "c"];
    const sheet = sheetFor(network, ["lstm"], null)!;
    expect(rowRuns(network, sheet)).toEqual(
      ["i", "f", "g", "o"].map((title, g) => ({ first: 2 * g, n: 2, title })),
    );
    const row = rowLine(network, sheet, 5);
    expect([row.gate, lineName(row, 5)]).toEqual(["g", "2"]);
    const [, kernel, recurrent] = sheet.pieces;
    expect(lineName(columnLine(network, kernel, 2), 2)).toBe("c");
    expect(columnRuns(network, kernel)).toEqual([{ first: 1, n: 3, title: "input" }]);
    expect(columnRuns(network, recurrent)).toEqual([{ first: 4, n: 2, title: "lstm.h(t-1)" }]);
  });

  it("of a kernel belong to a unit together", () => {
    const network = convolution();
    const [piece] = sheetFor(network, ["conv.weight"], null)!.pieces;
    const line = columnLine(network, piece, 7);
    expect([line.group?.id, line.unit, line.step]).toEqual(["input", 1, 4]);
  });

  it("of two sources are two runs", () => {
    const network = chain(["input", "fc"], [2, 3]);
    const [weight, bias] = network.bundles;
    const half = { strides: [4, 1], parameter: "fc.weight" };
    network.bundles = [
      { ...weight, ...half },
      { ...weight, ...half, id: "fc.weight<-other", source: "other", offset: 2 },
      bias,
    ];
    network.groups.push(plainGroup("other", "input", 2));
    network.parameters["fc.weight"] = [3, 4];
    const [piece] = sheetFor(network, ["fc.weight"], null)!.pieces;
    expect(columnRuns(network, piece)).toEqual([
      { first: 0, n: 2, title: "input" },
      { first: 2, n: 2, title: "other" },
    ]);
  });
});

describe("links and entries", () => {
  const everyEntry = (network: Network, bundle: Bundle) => {
    for (let target = 0; target < bundle.shape[0]; target++)
      for (let i = 0; i < bundle.shape[1]; i++) {
        const blocks = bundle.blocks ?? 1;
        const source = Math.floor((target * blocks) / bundle.shape[0]) * bundle.shape[1] + i;
        for (const flat of linkEntries(bundle, target, source)) {
          expect(linkOf(bundle, flat)).toEqual([target, source]);
          const shape = network.parameters[bundle.parameter];
          const index = [];
          for (let d = shape.length - 1, left = flat; d >= 0; left = Math.floor(left / shape[d--]))
            index.unshift(left % shape[d]);
          expect(asLink(network, [bundle], { parameter: bundle.parameter, index })).toEqual({
            bundle: bundle.id,
            target,
            source,
          });
        }
      }
  };

  it("find each other, whatever the bundle", () => {
    for (const network of [convolution(), lstmNetwork(3, 2), groupedNetwork(6, 3), chain(["a", "b"], [1, 1])])
      for (const bundle of network.bundles) everyEntry(network, bundle);
    const flattened = chain(["input", "fc"], [2, 3]);
    const time = { shape: [3, 2, 4], strides: [8, 1, 2], reduce: "sum" } as const;
    flattened.bundles[0] = { ...flattened.bundles[0], ...time, shape: [3, 2, 4], strides: [8, 1, 2] };
    flattened.parameters["fc.weight"] = [3, 8];
    everyEntry(flattened, flattened.bundles[0]);
  });

  it("of other gates are not found", () => {
    const [i, , , f] = lstmNetwork(3, 2).bundles;
    expect([linkOf(i, 5), linkOf(i, 6), linkOf(f, 6)]).toEqual([[1, 2], null, [0, 0]]);
  });

  it("are selected as a link where it is one entry, else as the entry", () => {
    const net = chain(["input", "fc1"], [3, 4]);
    const cell = cellAt(sheetFor(net, ["fc1"], null)!, 2, 3)!;
    expect(selectionOf(net, cell)).toEqual({ bundle: "fc1.weight", target: 2, source: 2 });
    expect(rowSelectionOf(net, cell)).toEqual({ group: "fc1", unit: 2 });
    const conv = convolution();
    const entry = cellAt(sheetFor(conv, ["conv.weight"], null)!, 1, 7)!;
    expect(selectionOf(conv, entry)).toEqual({ parameter: "conv.weight", index: [1, 1, 1, 1] });
    const lone = cellAt(sheetFor(conv, ["table.entries"], null)!, 2, 7)!;
    expect(rowSelectionOf(conv, lone)).toEqual({ parameter: "table.entries", index: [2, 1, 1] });
  });

  it("are marked: an entry, a whole kernel, all rows and columns of a unit", () => {
    const conv = convolution();
    const sheet = sheetFor(conv, ["conv"], null)!;
    const at = (rows: number[], columns: number[], isUnit: boolean) => ({ rows, columns, isUnit });
    expect(marksOf(conv, sheet, { parameter: "conv.weight", index: [1, 1, 1, 1] })).toEqual([
      at([1, 1], [8, 1], false),
    ]);
    expect(marksOf(conv, sheet, { bundle: "conv.weight", target: 1, source: 2 })).toEqual([
      at([1, 1], [9, 4], false),
    ]);
    expect(marksOf(conv, sheet, { group: "input", unit: 0 })).toEqual([at([0, 2], [1, 4], true)]);
    const lstm = lstmNetwork(3, 2);
    const marks = marksOf(lstm, sheetFor(lstm, ["lstm"], null)!, { group: "lstm", unit: 1 });
    expect(marks).toEqual([1, 3, 5, 7].map((row) => at([row, 1], [0, 6], true)));
    expect(marksOf(lstm, sheetFor(lstm, ["lstm.g"], null)!, { group: "lstm", unit: 1 })).toHaveLength(1);
  });
});

describe("places", () => {
  it("of cells are found again from their pixels, and gaps have none", () => {
    const axis = new Axis(
      [
        { first: 0, n: 1 },
        { first: 1, n: 4 },
      ],
      20,
      10,
      6,
    );
    expect([0, 1, 4].map((cell) => axis.from(cell))).toEqual([20, 36, 66]);
    expect([19, 20, 29.9, 30, 35, 36, 75, 76].map((pixel) => axis.at(pixel))).toEqual([
      -1, 0, 0, -1, -1, 1, 4, -1,
    ]);
    expect(axis.length).toBe(56);
  });

  it("share pixels so that every cell is in one of them, and in one alone", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom(1, 1.25, 2),
        (n, width, ratio) => {
          const axis = new Axis([{ first: 0, n }], 0, width / n, 0);
          const slots = slotsOf(axis, 0, Math.ceil(width * ratio), ratio);
          const seen = [...slots.first].flatMap((first, i) =>
            Array.from({ length: slots.last[i] - first }, (_, j) => first + j),
          );
          expect(seen).toEqual([...Array(n).keys()]);
          const shown = new Set([...slots.of].filter((slot) => slot >= 0));
          expect(shown.size).toBe(slots.first.length);
        },
      ),
    );
  });

  it("are fitted, zoomed about a point that stays, and kept in sight", () => {
    const spans = { rows: [{ first: 0, n: 4096 }], columns: [{ first: 0, n: 4096 }] };
    const room = { width: 900, height: 480, left: 60, top: 40, right: 10, bottom: 10 };
    const again = (zoom: typeof WHOLE) => place(spans, room, zoom);
    const whole = again(WHOLE);
    expect(whole.columns.length).toBeCloseTo(830);
    const [x, y] = [300, 200];
    const cell = [whole.columns.at(x), whole.rows.at(y)];
    const zoomed = again(zoomAbout(whole, 8, [x, y], again));
    expect(zoomed.zoom.k).toBe(8);
    expect([zoomed.columns.at(x), zoomed.rows.at(y)]).toEqual(cell);
    expect(again({ k: 8, x: 1e6, y: -1e6 }).zoom.x).toBe(0);
    const bottom = again({ k: 8, x: 1e6, y: -1e6 });
    expect(bottom.rows.from(4095) + bottom.rows.size).toBeCloseTo(bottom.box.bottom);
    const shown = again(revealed(zoomed, 4000, 10));
    expect(shown.rows.from(4000)).toBeLessThanOrEqual(shown.box.bottom - shown.rows.size + 1e-6);
    expect(shown.columns.from(10)).toBeGreaterThanOrEqual(shown.box.left - 1e-6);
    expect(again({ ...WHOLE, k: 1e9 }).rows.size).toBeLessThanOrEqual(48);
  });

  it("have names at round numbers where not all have room", () => {
    expect([14, 13, 7, 3, 0.5, 0.1].map((size) => strideOf(size, 13))).toEqual([1, 1, 2, 5, 50, 200]);
  });
});

describe("pixels", () => {
  it("show the strongest of the weights that share them, with its sign, and NaN before all", () => {
    const data = Float32Array.from([1, -4, 2, 3, 0, 1, -2, 5, 2, Number.NaN, 1, 1, -7, 0, 0, 6]);
    const rows = { of: new Int32Array(2), first: Int32Array.of(0, 2), last: Int32Array.of(2, 4) };
    const out = new Float32Array(4);
    strongest(sourceOf(data, 4), rows, rows, [0, 4], out);
    expect([...out]).toEqual([-4, 5, Number.NaN, 6]);
  });

  it("show what a plain search finds, also of a transposed part of an array", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        (nRows, nColumns, width) => {
          const data = Float32Array.from({ length: nRows * nColumns + 3 }, (_, i) => Math.sin(i * i));
          const source = { data, offset: 3, rowStride: 1, columnStride: nRows };
          const slots = (n: number) => slotsOf(new Axis([{ first: 0, n }], 0, width / n, 0), 0, width, 1);
          const [rows, columns] = [slots(nRows), slots(nColumns)];
          const out = new Float32Array(rows.first.length * columns.first.length);
          strongest(source, rows, columns, [0, nColumns], out);
          for (let r = 0; r < rows.first.length; r++)
            for (let c = 0; c < columns.first.length; c++) {
              let best = 0;
              for (let i = rows.first[r]; i < rows.last[r]; i++)
                for (let j = columns.first[c]; j < columns.last[c]; j++) {
                  const value = data[3 + i + j * nRows];
                  if (Math.abs(value) > Math.abs(best)) best = value;
                }
              expect(out[r * columns.first.length + c]).toBe(best);
            }
        },
      ),
    );
  });

  it("leave the columns of other matrices alone", () => {
    const columns = slotsOf(
      new Axis(
        [
          { first: 0, n: 1 },
          { first: 1, n: 2 },
        ],
        0,
        3,
        3,
      ),
      0,
      12,
      1,
    );
    const rows = slotsOf(new Axis([{ first: 0, n: 1 }], 0, 1, 0), 0, 1, 1);
    const out = new Float32Array(3).fill(9);
    strongest(sourceOf(Float32Array.of(5, 6), 2), rows, columns, [1, 3], out);
    expect([...out]).toEqual([9, 5, 6]);
    const pixels = new Uint32Array(12);
    spread(out, rows, columns, [null, (value) => value, (value) => value], pixels);
    expect([...pixels]).toEqual([0, 0, 0, 0, 0, 0, 5, 5, 5, 6, 6, 6]);
  });

  it("are counted where several weights share one", () => {
    const slots = slotsOf(new Axis([{ first: 0, n: 10 }], 0, 0.4, 0), 0, 4, 1);
    expect(mostShared(slots)).toBe(3);
  });

  it("have the colours of signed weights, no colour beyond the domain but the full one, and that of odd values", () => {
    const hues = huesOf(PALETTES.light, PAPERS.light);
    const ink = inkOf(hues, 2, null);
    expect(rgbOf(ink(2))).toEqual(PALETTES.light.positive);
    expect(rgbOf(ink(-9))).toEqual(PALETTES.light.negative);
    expect(rgbOf(ink(Number.NaN))).toEqual(PALETTES.light.odd);
    expect(rgbOf(ink(Number.NEGATIVE_INFINITY))).toEqual(PALETTES.light.odd);
    const half = shade(PALETTES.light, 0.5, true, rgbOf(ink(0)));
    expect(rgbOf(ink(1)).map((c, i) => Math.abs(c - half[i]))).toEqual([0, 0, 0]);
    const digit = inkOf(hues, 2, [-1, 1]);
    expect(digit(1)).toBe(digit(50));
    expect(digit(-1)).toBe(digit(0));
    expect(digit(-1.001)).toBe(digit(-50));
    expect(new Set([digit(1), digit(0), digit(-2), digit(Number.NaN)]).size).toBe(4);
  });

  it("are tallied: odd ones, those beyond the domain, the strongest", () => {
    const data = Float32Array.from([1, -4, Number.NaN, 3, Number.POSITIVE_INFINITY, 0]);
    expect(tally(sourceOf(data, 3), [2, 3], 2)).toEqual({
      nOdd: 2,
      nBeyond: 2,
      low: -4,
      high: 3,
      strongest: [0, 1],
    });
    expect(tally(sourceOf(data, 3), [0, 3], 2).strongest).toEqual([-1, -1]);
  });

  it("have values written with as many digits as have room", () => {
    expect([60, 40, 34, 30, 10].map((room) => shortened(-0.123456, room))).toEqual([
      "−0.1235",
      "−0.123",
      "−0.12",
      "−0.12",
      "",
    ]);
    expect(shortened(Number.NaN, 20)).toBe("NaN");
    expect(shortened(123456, 30)).toBe("");
  });
});

describe("codes", () => {
  // the eight patterns of an 8-3-8 autoencoder: from 1 up reads 0, below -1 reads 1
  const bits = [...Array(8).keys()].map((p) => [p & 1, (p >> 1) & 1, (p >> 2) & 1]);
  const decoder = Float32Array.from(bits.flat(), (bit) => (bit ? -2.5 : 1.5));

  it("are read from rows and from columns, three digits each, all different", () => {
    const rows = codesOf([{ source: sourceOf(decoder, 3), shape: [8, 3] }], [-1, 1], "rows");
    expect(rows).toEqual(bits.map((row) => row.join("")));
    expect(countCodes(rows)).toEqual({ n: 8, nRead: 8, nDifferent: 8 });
    const transposed: Source = { data: decoder, offset: 0, rowStride: 1, columnStride: 3 };
    expect(codesOf([{ source: transposed, shape: [3, 8] }], [-1, 1], "columns")).toEqual(rows);
  });

  it("have a dot between the thresholds and then do not count as read", () => {
    expect([1, 0.99, -1, -1.01, Number.NaN].map((w) => digitOf(w, [-1, 1]))).toEqual([
      "0",
      "·",
      "·",
      "1",
      "?",
    ]);
    expect(countCodes(["00", "0·", "0·", "01", "00"])).toEqual({ n: 5, nRead: 3, nDifferent: 2 });
  });

  it("of matrices beside each other go on from one to the next", () => {
    const one = { source: sourceOf(Float32Array.of(2, -2), 1), shape: [2, 1] };
    expect(codesOf([one, one], [-1, 1], "rows")).toEqual(["00", "11"]);
    expect(codesOf([one, one], [-1, 1], "columns")).toEqual(["01", "01"]);
  });

  it("take room beside the cells unless they are long", () => {
    const codes = (n: number): Codes => ({
      thresholds: [-1, 1],
      along: "rows",
      list: ["0".repeat(n)],
      columns: [],
    });
    const least = { right: 5, bottom: 5 };
    expect(roomOfCodes(null, least)).toEqual(least);
    expect(roomOfCodes(codes(3), least).right).toBeGreaterThan(20);
    expect(roomOfCodes(codes(99), least)).toEqual(least);
    expect(roomOfCodes({ ...codes(3), along: "columns" }, least).bottom).toBeGreaterThan(30);
  });
});

describe("rows as images", () => {
  it("lie on the stated grid, on the kernel, or on a guessed one", () => {
    const image = chain(["input", "fc"], [12, 2]);
    const piece = () => sheetFor(image, ["fc.weight"], null)!.pieces[0];
    expect(gridOfRows(image, piece())).toEqual({ channels: 1, rows: 3, columns: 4, isGuessed: true });
    image.groups[0].grid = [2, 3, 2];
    expect(gridOfRows(image, piece())).toEqual({ channels: 2, rows: 3, columns: 2, isGuessed: false });
    const conv = convolution();
    const [kernel] = sheetFor(conv, ["conv.weight"], null)!.pieces;
    expect(gridOfRows(conv, kernel)).toEqual({ channels: 3, rows: 2, columns: 2, isGuessed: false });
    expect([100, 12, 13, 1].map(squarish)).toEqual([
      [10, 10],
      [3, 4],
      [1, 13],
      [1, 1],
    ]);
  });

  it("stand beside and below each other, and are found again from their pixels", () => {
    const grid = { channels: 1, rows: 28, columns: 28, isGuessed: false };
    const sheets = sheetsOf(100, grid, { width: 900, height: 480 }, 1);
    expect(sheets.image.width).toBe(84);
    expect(sheets.total).toBe(Math.ceil(100 / sheets.nAcross) * sheets.height);
    const at = (row: number, r: number, c: number): [number, number] => [
      sheets.left + (row % sheets.nAcross) * sheets.width + (c + 0.5) * sheets.size,
      4 + Math.floor(row / sheets.nAcross) * sheets.height + (r + 0.5) * sheets.size,
    ];
    for (const [row, r, c] of [
      [0, 0, 0],
      [7, 3, 5],
      [99, 27, 27],
    ])
      expect(entryAt(sheets, grid, 100, at(row, r, c))).toEqual({ row, column: r * 28 + c });
    expect(entryAt(sheets, grid, 100, at(100, 0, 0))).toBeNull();
    expect(entryAt(sheets, grid, 100, at(0, 30, 0))).toEqual({ row: 0, column: null });
  });

  it("are as large as all have room, and have their channels beside each other", () => {
    const grid = { channels: 3, rows: 3, columns: 3, isGuessed: false };
    const few = sheetsOf(4, grid, { width: 900, height: 480 }, 1);
    expect(few.image.width).toBeGreaterThan(160);
    expect(few.total).toBeLessThanOrEqual(480);
    const corner: [number, number] = [few.left + 2 * (3 * few.size + few.channels.gap) + 1, 5];
    expect(entryAt(few, grid, 4, corner)).toEqual({ row: 0, column: 18 });
  });
});
