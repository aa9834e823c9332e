// What the second part of the bundle has.
import { KernelPicture } from "../panel/kernel";
import type { View, ViewContext } from "../views/context";
import { createDistribution } from "./distribution";
import { showEvents } from "./events";
import { createPictures } from "./pictures";
import { compareRuns } from "./runs";
import { createStrips } from "./strips/strips";

/** The views that are not the graph, by their names in the registry. */
const views: Record<string, (host: HTMLElement, context: ViewContext) => View> = {
  distribution: createDistribution,
};

export const extras = { KernelPicture, compareRuns, createPictures, createStrips, showEvents, views };
