// What the second part of the bundle has.
export const extras = {};
