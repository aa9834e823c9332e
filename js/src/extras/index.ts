// What the second part of the bundle has.
import { createInspector } from "../panel/inspector";
import { KernelPicture } from "../panel/kernel";
import type { View, ViewContext } from "../views/context";
import { createDistribution } from "./distribution";
import { showEvents } from "./events";
import { findByName } from "./find";
import { createMatrix } from "./matrix";
import { createOverview } from "./overview";
import { createPictures } from "./pictures";
import { compareRuns } from "./runs";
import { createSpectrum } from "./spectrum";
import { createStrips } from "./strips/strips";
import { createTrajectory } from "./trajectory";

/** The views that are not the graph, by their names in the registry. */
const views: Record<string, (host: HTMLElement, context: ViewContext) => View> = {
  spectrum: createSpectrum,
  overview: createOverview,
  matrix: createMatrix,
  trajectory: createTrajectory,
  distribution: createDistribution,
};

export const extras = {
  KernelPicture,
  compareRuns,
  createInspector,
  createPictures,
  createStrips,
  findByName,
  showEvents,
  views,
};
