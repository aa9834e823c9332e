// Short names for the classes and variables of the style sheet, the same in every version: a page may hold widgets of
// several, and then a name must not stand for two things.
import { createHash } from "node:crypto";

/** Classes that tests and documents name, or that others may come to rely on; and beginnings that the code completes. */
const KEPT = new Set(
  `axes band bias bin-told block box-value canvas caption cell empty enlarged enlarged-spot event figure focus
  fold head-title idle inspector is-focus kernel kernel-about kernel-pane kernel-spot kernel-values key keys
  legend live marked-name matrix-cell matrix-code matrix-frame matrix-mark matrix-names matrix-range
  matrix-scroll now now-line odd open outputs overlay overview overview-cell overview-told panel-title part
  picked-name picture pictures pixel playhead plot portrait-name read reading-entry reading-title readout
  score sign spectrum-readout stage strip-head strip-mark strip-panel strip-track strips tile tile-name
  timeline-host title told tooltip unit value`.split(/\s+/),
);
const COMPLETED = /^(hue|icon-|edge-|find-|run-)/;
const NAMES = /(?<![\w-])(--)?nwv-([a-z0-9-]*)/g;

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** An n and three digits, of which 62 are enough for names not to meet. */
function shortName(name) {
  const bytes = createHash("sha256").update(name).digest();
  return `n${[0, 2, 4].map((at) => DIGITS[bytes.readUInt16BE(at) % DIGITS.length]).join("")}`;
}

/** A style sheet, or a script that uses it, with short names. `taken` is what each short name stands for so far. */
export function withShortClasses(text, taken = new Map()) {
  return text.replace(NAMES, (whole, variable = "", name) => {
    if (name.endsWith("-") ? !COMPLETED.test(name) : !name)
      throw new Error(
        `\`${whole}\` is completed by the code: name the class in full, or add it to COMPLETED.`,
      );
    if (!variable && (KEPT.has(name) || COMPLETED.test(name))) return whole;
    const chosen = shortName(name);
    if ((taken.get(chosen) ?? name) !== name)
      throw new Error(
        `\`nwv-${name}\` and \`nwv-${taken.get(chosen)}\` would have the same short name: rename one.`,
      );
    taken.set(chosen, name);
    return variable + chosen;
  });
}
