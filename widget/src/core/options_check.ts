/** The panel's closer look at the options: every limit of the table. */

import { type Fits, isBetween } from "./options";

const PATTERNS: Record<string, RegExp> = { c: /^#([\da-f]{3}){1,2}$/i, u: /^https?:\/\/\S+$/ };
const TYPES: Record<string, string> = { b: "boolean", f: "function" };

export const fitsExactly: Fits = (value, kind, _base, limits = []) => {
  if (kind === "e") return limits.includes(value as string);
  if (kind === "n") return isBetween(value as number, limits);
  if (kind === "t") return Object.values(Object(value)).every((text) => typeof text === "string");
  if (typeof value !== (TYPES[kind] ?? "string")) return false;
  const [longest] = limits;
  return kind in TYPES || ((PATTERNS[kind]?.test(value as string) ?? true) && (!longest || (value as string).length <= +longest));
};
