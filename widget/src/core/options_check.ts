/** The panel's closer look at the options: every limit of the table. */

import { type Fits, type Given, isBetween, type OptionRow } from "./options";

const PATTERNS: Record<string, RegExp> = { c: /^#([\da-f]{3}){1,2}$/i, u: /^https?:\/\/\S+$/ };
const TYPES: Record<string, string> = { b: "boolean", f: "function" };

export const fitsExactly: Fits = (value, kind, _base, limits = []) => {
  const most = +(limits[0] ?? Number.POSITIVE_INFINITY);
  if (kind === "e") return limits.includes(value as string);
  if (kind === "n") return isBetween(value as number, limits);
  if (kind === "t") return isTexts(value) && Object.keys(value).length <= most;
  if (typeof value !== (TYPES[kind] ?? "string")) return false;
  if (kind === "p") return new RegExp(String(limits[0])).test(value as string);
  return kind in TYPES || ((PATTERNS[kind]?.test(value as string) ?? true) && (value as string).length <= most);
};

const isTexts = (value: unknown): value is object =>
  Object(value) === value &&
  !Array.isArray(value) &&
  Object.values(value as object).every((text) => typeof text === "string");

/** `given`, where texts that came as an attribute are read as JSON. */
export const readingTexts =
  (rows: OptionRow[], given: Given): Given =>
  (path) => {
    const value = given(path);
    if (typeof value !== "string" || !rows.some(([name, kind]) => name === path && kind === "t")) return value;
    try {
      return JSON.parse(value);
    } catch {
      return value; // not texts: reported like any value that does not fit
    }
  };
