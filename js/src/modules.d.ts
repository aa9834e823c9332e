// Imports that the build makes of other files.
declare module "*?worker" {
  const work: (self: object) => void;
  export default work;
}
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
