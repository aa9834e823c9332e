// What the second part of the bundle has.
import { compareRuns } from "./runs";

export const extras = { compareRuns };
