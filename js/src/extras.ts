// The second part of the bundle: what many readers never open. It is loaded once, when a display first needs it.
import type { extras as parts } from "./extras/index";
import type { HostModel } from "./host";

export type Extras = typeof parts;
type Load = (model: HostModel) => Promise<Extras>;

let load: Load;
let loading: Promise<Extras> | null = null;

/** Say how the second part gets here; each entry has its own way. */
export const loadBy = (how: Load): void => {
  load = how;
};

/** The second part; after a failure it is tried again. */
export const loadExtras = (model: HostModel): Promise<Extras> => {
  loading ??= load(model).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
};
