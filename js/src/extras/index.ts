// What the second part of the bundle has.
import { showEvents } from "./events";

export const extras = { showEvents };
