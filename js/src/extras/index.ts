// What the second part of the bundle has.
import { showEvents } from "./events";
import { createStrips } from "./strips/strips";

export const extras = { createStrips, showEvents };
