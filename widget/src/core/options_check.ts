/** The panel's closer look at the options: every limit of the table. */

import type { Fits, Given, OptionRow } from "./options";

/** What texts of each kind look like; a pattern of the table's own is its limit. */
const PATTERNS: Record<string, RegExp> = { s: /^/, c: /^#([\da-f]{3}){1,2}$/i, u: /^https?:\/\/\S+$/ };

/** `roughly` has looked at the type, at numbers and at enumerations. */
export const exactly =
  (roughly: Fits): Fits =>
  (value, kind, base, limits = []) => {
    if (!roughly(value, kind, base, limits)) return false;
    const isTooLong = (length: number) => length > +(limits[0] as number);
    if (kind === "t") return isTexts(value) && !isTooLong(Object.keys(value).length);
    if (kind === "p") return new RegExp(limits[0] as string).test(value as string);
    return !PATTERNS[kind] || (PATTERNS[kind].test(value as string) && !isTooLong((value as string).length));
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
