// A colour as a pixel of image data: red in the lowest byte, opaque.
import type { Rgb } from "../scale";

export const pixelOf = ([r, g, b]: Rgb): number => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
