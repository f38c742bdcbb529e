/** What strict page policies forbid appears nowhere in the widget, and nothing reaches out to anybody else. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const files = readdirSync("widget/src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => [name, readFileSync(join("widget/src", name), "utf8")] as const);

const FORBIDDEN = {
  "markup from strings": /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc)\b/,
  "code from strings": /\beval\(|new Function\(|setTimeout\(\s*["'`]/,
  "style attributes": /setAttribute\(\s*["'`]style["'`]|cssText/,
  "audio worklets": /\baudioWorklet\b|AudioWorklet/,
  "blobs and data as sources": /createObjectURL|["'`](data|blob):/,
  "other origins": /https?:\/\/(?!www\.w3\.org\/2000\/svg)\w/,
  "lasting storage": /\blocalStorage\b|document\.cookie|indexedDB/,
  unload: /["'`](before)?unload["'`]|\bon(before)?unload\b/,
};

it("finds the sources", () => expect(files.length).toBeGreaterThan(5));

/** On our own pages, under our own policy: files fetched with a session are handed over for saving, and the console
 * takes new rows out of its own page, loaded once more. */
const EXCUSED: Record<string, string[]> = {
  "blobs and data as sources": ["player/view.ts"],
  "markup from strings": ["console.ts"],
};

it.each(Object.entries(FORBIDDEN))("has no %s", (name, pattern) => {
  expect(files.filter(([, text]) => pattern.test(text)).map(([file]) => file)).toEqual(EXCUSED[name] ?? []);
});
