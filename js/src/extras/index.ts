// What the second part of the bundle has.
import { createStrips } from "./strips/strips";

export const extras = { createStrips };
