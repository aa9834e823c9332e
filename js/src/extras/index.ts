// What the second part of the bundle has.
import { createPictures } from "./pictures";

export const extras = { createPictures };
