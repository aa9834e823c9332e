// Plays one way of drawing links: loads a net's places and weights, eases between checkpoints, asks for each frame.
const MAX_MS = { enough: 5000, atMost: 30000 };
const MIN_FRAMES = 4;
const POSITIVE = [24, 95, 178];
const NEGATIVE = [208, 69, 20];

async function load(kind, name) {
  return new Float32Array(await (await fetch(`${kind}-${name}.f32`)).arrayBuffer());
}

/** The look of a weight: its share of the domain, and the same colour, width and opacity for every way of drawing. */
export function look(w, { domain, widest }) {
  const share = Math.min(1, Math.abs(w) / domain);
  return {
    rgb: w < 0 ? NEGATIVE : POSITIVE,
    width: 0.5 + widest * share,
    opacity: 0.05 + 0.9 * share * share,
  };
}

/** Looks in 16 steps a sign, weakest first: 32 styles, so that none need be made while playing. */
export function styles(net) {
  return Array.from({ length: 32 }, (_, bucket) => {
    const share = ((bucket >> 1) + 0.5) / 16;
    return look((bucket & 1 ? -1 : 1) * share * net.domain, net);
  });
}

export const bucketOf = (w, domain) =>
  (Math.min(15, ((16 * Math.abs(w)) / domain) | 0) << 1) | (w < 0 ? 1 : 0);

/** Weights between checkpoints k and k + 1. */
function ease(out, values, position) {
  const n = out.length;
  const k = Math.floor(position);
  const t = position - k;
  for (let i = 0, a = k * n, b = a + n; i < n; i++) out[i] = values[a + i] + t * (values[b + i] - values[a + i]);
}

/** `create(net)` resolves to `draw(weights)`, which returns when it has handed all to the browser. */
export async function compare(create) {
  const name = new URLSearchParams(location.search).get("net");
  const [net, ends, values] = await Promise.all([
    fetch(`net-${name}.json`).then((answer) => answer.json()),
    load("ends", name),
    load("values", name),
  ]);
  const weights = new Float32Array(net.nLinks);
  const draw = await create({ ...net, ends });
  const nCheckpoints = values.length / net.nLinks;
  const show = (position) => {
    ease(weights, values, position);
    draw(weights);
  };
  show(0);
  const play = () => {
    const begin = performance.now();
    let n = 0;
    requestAnimationFrame(function frame() {
      const elapsed = performance.now() - begin;
      show(((elapsed / 1000) * net.speed) % (nCheckpoints - 1));
      n++;
      const isDone = elapsed > MAX_MS.atMost || (elapsed > MAX_MS.enough && n >= MIN_FRAMES);
      if (isDone) window.done = n;
      else requestAnimationFrame(frame);
    });
  };
  requestAnimationFrame(() => setTimeout(() => (window.play = play)));
}
