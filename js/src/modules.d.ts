// Imports that the build makes of other files.
declare module "*?worker" {
  const work: (self: object) => void;
  export default work;
}
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
declare module "nnweightviz:shared" {
  export const shared: unknown[];
}
declare module "*.css" {
  const text: string;
  export default text;
}
