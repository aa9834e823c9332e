// deck.gl's LineLayer with binary attributes, the way its documentation names for speed; no antialiasing.
import { Deck, OrthographicView } from "@deck.gl/core";
import { LineLayer } from "@deck.gl/layers";
import { bucketOf, compare, styles } from "./harness.js";

const half = (ends, n, at) => {
  const points = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) points.set([ends[4 * i + at], ends[4 * i + at + 1]], 2 * i);
  return { value: points, size: 2 };
};

const ready = (net) =>
  new Promise((resolve, reject) => {
    const deck = new Deck({
      parent: document.body,
      width: net.width,
      height: net.height,
      views: new OrthographicView({ flipY: true }),
      initialViewState: { target: [net.width / 2, net.height / 2, 0], zoom: 0 },
      controller: false,
      useDevicePixels: false,
      deviceProps: { type: "webgl", webgl: { antialias: false, powerPreference: "default" } },
      layers: [],
      onLoad: () => resolve(deck),
      onError: reject,
    });
  });

compare(async (net) => {
  const n = net.nLinks;
  const [getSourcePosition, getTargetPosition] = [half(net.ends, n, 0), half(net.ends, n, 2)];
  const looks = styles(net).map(({ rgb, width, opacity }) => ({ rgba: [...rgb, 255 * opacity], width }));
  const deck = await ready(net);
  const pixel = new Uint8Array(4);
  return (weights) => {
    const colors = new Uint8Array(4 * n);
    const widths = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const { rgba, width } = looks[bucketOf(weights[i], net.domain)];
      for (let c = 0; c < 4; c++) colors[4 * i + c] = rgba[c];
      widths[i] = width;
    }
    const getColor = { value: colors, size: 4 };
    const getWidth = { value: widths, size: 1 };
    const attributes = { getSourcePosition, getTargetPosition, getColor, getWidth };
    deck.setProps({ layers: [new LineLayer({ id: "links", data: { length: n, attributes }, pickable: false })] });
    deck.redraw("next frame");
    const { gl } = deck.device;
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // finish() would not wait
  };
});
