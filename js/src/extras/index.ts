// What the second part of the bundle has.
import { KernelPicture } from "../panel/kernel";
import { showEvents } from "./events";
import { createPictures } from "./pictures";
import { compareRuns } from "./runs";
import { createStrips } from "./strips/strips";

export const extras = { KernelPicture, compareRuns, createPictures, createStrips, showEvents };
