// Imports that the build turns into text.
declare module "*?text" {
  const source: string;
  export default source;
}
declare module "*.wasm" {
  const base64: string;
  export default base64;
}
