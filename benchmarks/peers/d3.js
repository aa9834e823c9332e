// One SVG line a link, moved by d3.
import { select } from "d3-selection";
import { compare, look } from "./harness.js";

compare(async (net) => {
  const svg = select("body").append("svg").attr("width", net.width).attr("height", net.height);
  const lines = svg
    .selectAll("line")
    .data(Array.from({ length: net.nLinks }, (_, i) => net.ends.subarray(4 * i, 4 * i + 4)))
    .join("line")
    .attr("x1", (d) => d[0])
    .attr("y1", (d) => d[1])
    .attr("x2", (d) => d[2])
    .attr("y2", (d) => d[3]);
  return (weights) => {
    lines.each(function (_, i) {
      const { rgb, width, opacity } = look(weights[i], net);
      select(this)
        .attr("stroke", `rgb(${rgb})`)
        .attr("stroke-width", width)
        .attr("stroke-opacity", opacity);
    });
  };
});
