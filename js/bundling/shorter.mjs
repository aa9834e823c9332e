// What the bundler leaves to shorten, where it does as it did.
import { minify } from "terser";

/**
 * "Unsafe" are functions that are asked for their names, and changed prototypes. Not comparisons: `!(x >= 0)` is no
 * `x < 0` where x may be NaN. `reduce_funcs` would make of a function that is called once a new one each time, which
 * takes a third longer to draw.
 */
const compress = {
  passes: 2,
  pure_getters: true,
  reduce_funcs: false,
  unsafe: true,
  unsafe_arrows: true,
  unsafe_methods: true,
};

/** The same module in fewer words. */
export async function shorter(code) {
  return (await minify(code, { ecma: 2022, module: true, compress })).code;
}
