// sigma.js: a graphology graph of units and links, colours and sizes of all links set at each frame.
import Graph from "graphology";
import Sigma from "sigma";
import { bucketOf, compare, styles } from "./harness.js";

compare(async (net) => {
  const host = document.body.appendChild(document.createElement("div"));
  Object.assign(host.style, { width: `${net.width}px`, height: `${net.height}px` });
  const graph = new Graph({ type: "directed" });
  const unit = (x, y) => {
    const name = `${x},${y}`;
    if (!graph.hasNode(name)) graph.addNode(name, { x, y: -y, size: 1, color: "#888" });
    return name;
  };
  for (let i = 0; i < 4 * net.nLinks; i += 4) {
    const [x0, y0, x1, y1] = net.ends.subarray(i, i + 4);
    graph.addEdge(unit(x0, y0), unit(x1, y1), { size: 1, color: "#888" });
  }
  const looks = styles(net).map(({ rgb, width, opacity }) => ({
    color: `rgba(${rgb.map((c) => Math.round(c * opacity))},${opacity})`, // sigma blends premultiplied colours
    size: width,
  }));
  const sigma = new Sigma(graph, host, { renderLabels: false, minEdgeThickness: 0, stagePadding: 0 });
  const gl = sigma.getCanvases().edges.getContext("webgl2");
  const pixel = new Uint8Array(4);
  const edges = graph.edges(); // in the order of the links
  const edgeAt = new Map(edges.map((edge, i) => [edge, i]));
  let current;
  let part; // none at first, when sigma wants all
  sigma.setSetting("edgeReducer", (edge, attributes) => {
    const { color, size } = looks[current ? bucketOf(current[edgeAt.get(edge)], net.domain) : 0];
    return { ...attributes, color, size };
  });
  return (weights) => {
    current = weights;
    sigma.refresh(part);
    part = { partialGraph: { edges }, skipIndexation: true, schedule: false }; // places stay as they are
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel); // finish() would not wait
  };
});
