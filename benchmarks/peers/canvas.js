// Canvas 2D on the CPU: links sorted into 32 styles, one path a style, weakest first.
import { bucketOf, compare, styles } from "./harness.js";

compare(async (net) => {
  const canvas = document.body.appendChild(document.createElement("canvas"));
  [canvas.width, canvas.height] = [net.width, net.height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const looks = styles(net);
  const buckets = new Uint8Array(net.nLinks);
  const order = new Uint32Array(net.nLinks);
  return (weights) => {
    const first = new Uint32Array(33);
    for (let i = 0; i < net.nLinks; i++) first[(buckets[i] = bucketOf(weights[i], net.domain)) + 1]++;
    for (let b = 0; b < 32; b++) first[b + 1] += first[b];
    const next = first.slice();
    for (let i = 0; i < net.nLinks; i++) order[next[buckets[i]]++] = 4 * i;
    context.clearRect(0, 0, net.width, net.height);
    looks.forEach(({ rgb, width, opacity }, b) => {
      context.beginPath();
      for (let at = first[b]; at < first[b + 1]; at++) {
        const i = order[at];
        context.moveTo(net.ends[i], net.ends[i + 1]);
        context.lineTo(net.ends[i + 2], net.ends[i + 3]);
      }
      context.strokeStyle = `rgba(${rgb},${opacity})`;
      context.lineWidth = width;
      context.stroke();
    });
    context.getImageData(0, 0, 1, 1); // strokes are only noted until someone looks
  };
});
