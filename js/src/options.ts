// The looks of a widget: names, accepted values and defaults. The twin of options.py.
// Not for checking: Python validates before anything is sent.

/** @boundary */
export interface Options {
  /** What a colour's domain spans: one per layer, one for all, or one per checkpoint. */
  scale: "layer" | "global" | "checkpoint";
  /**
   * What is shown: w, its difference from the `reference` checkpoint, or from the checkpoint before. "against", from the
   * run of number `reference`, is never set: it is what `compare` comes to (see runs.ts).
   */
  quantity: "weights" | "difference" | "update" | "against";
  reference: number;
  /** Links weaker than this fraction of the domain are not drawn, 0 to 1. */
  threshold: number;
  signs: ("+" | "-")[];
  /** Gates shown, by port; null shows all. */
  gates: string[] | null;
  roles: ("input" | "recurrent" | "bias" | "projection" | "norm")[];
  /** How a link is made of several entries (a kernel, a flattened sequence), if the layer leaves the choice. */
  reduce: "l2" | "sum" | "index";
  rest_index: number;
  /** How the shading of many links puts them into one pixel: the strongest one shows, or their signed sum. */
  composite: "strongest" | "sum";
  /** Of units in their groups; the latter two are computed in Python. */
  order: "model" | "sum" | "correlation" | "crossings";
  x: "step" | "index";
  y: "linear" | "log";
  /** Metrics shown on the timeline; null shows all. */
  metrics: string[] | null;
  /** Whether units that read an image are shown as images of their weights. */
  portraits: boolean;
  /** Whether the history of each link stands beside the unit that it leads to. */
  strips: boolean;
  /** Whether units are pictures of what they put out, where they have room; `normalised`: each on its own range. */
  pictures: "auto" | "normalised" | "off";
  labels: boolean;
  easing: boolean;
  theme: "auto" | "light" | "dark";
  /** Of the drawing, in CSS pixels, 240 to 2000. */
  height: number;
  /** Units that a group may have and be drawn one by one; larger ones are folded into bands. */
  fold_above: number;
  /** Whether a band holds neighbours, or units alike in their incoming weights, as Python orders them. */
  fold_by: "index" | "clustering";
  /** Group id -> the band that is unfolded, from 0. */
  open_bands: Record<string, number>;
  /** Group id -> the gate that is unfolded, or whether the group is. */
  unfolded: Record<string, string | boolean>;
  /** Blocks and layers that are open, and all above them; null opens as many as stay legible. */
  expanded: string[] | null;
  /** Of several runs the one that is shown; null is the first. */
  run: string | null;
  /** How it is compared with the run `against`: beside it, or as the difference of both. */
  compare: "none" | "side" | "difference";
  /** null is the first other run. */
  against: string | null;
  /** What the views beside the graph show: names of parameters, layers or gates (`lstm.i`); null is all, or what is selected. */
  of: string[] | null;
  /** What they put together. */
  by: "all" | "layer" | "parameter" | "gate";
  /** What weights are divided by: the norm of their layer, or of all. */
  normalise: "none" | "layer" | "total";
  matrix: "values" | "thresholds" | "portraits";
  /** Weights from the second one up, and below the first one, are read as binary codes; null is halfway to the domain. */
  thresholds: [number, number] | null;
  codes: "rows" | "columns";
  distribution: "histogram" | "multiples" | "ridgeline" | "density" | "surface" | "moments";
  counts: "linear" | "log";
  /** First edge, last edge, number of bins; null goes by the weights. */
  bins: [number, number, number] | null;
  /** The checkpoints of small multiples; null takes some evenly. */
  chosen: number[] | null;
  trajectory: "weights" | "update_norm" | "norm" | "update_ratio" | "sparsity";
  /** Which weights have a line. */
  sample: "strongest" | "random" | "selected";
  n_sampled: number;
  seed: number;
  /** Weights of at most this magnitude count for the sparsity. */
  below: number;
  log_axes: ("x" | "y")[];
  spectrum: "singular_values" | "ranks" | "correlation";
  overview: "norm" | "update_norm" | "update_ratio" | "stable_rank";
}

/** Of a drawing whose height nobody has set. */
export const USUAL_HEIGHT = 480;

// Python sends all of them: these are for tests.
// biome-ignore format: the text between the braces is JSON, which a test compares with options.py
export const DEFAULTS: Options = {
  "scale": "layer",
  "quantity": "weights",
  "reference": 0,
  "threshold": 0.0,
  "signs": ["+", "-"],
  "gates": null,
  "roles": ["input", "recurrent", "bias", "projection", "norm"],
  "reduce": "l2",
  "rest_index": 0,
  "composite": "strongest",
  "order": "model",
  "x": "step",
  "y": "linear",
  "metrics": null,
  "portraits": true,
  "strips": false,
  "pictures": "auto",
  "labels": true,
  "easing": true,
  "theme": "auto",
  "height": 480,
  "fold_above": 400,
  "fold_by": "index",
  "open_bands": {},
  "unfolded": {},
  "expanded": null,
  "run": null,
  "compare": "none",
  "against": null,
  "of": null,
  "by": "layer",
  "normalise": "none",
  "matrix": "values",
  "thresholds": null,
  "codes": "rows",
  "distribution": "histogram",
  "counts": "linear",
  "bins": null,
  "chosen": null,
  "trajectory": "weights",
  "sample": "strongest",
  "n_sampled": 100,
  "seed": 0,
  "below": 0.01,
  "log_axes": [],
  "spectrum": "singular_values",
  "overview": "norm"
};
