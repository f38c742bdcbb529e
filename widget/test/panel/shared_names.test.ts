/** Names that the build shortens in the panel and the late chunk alike: none may stand in a text or in what we do not own. */

import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import NAMES from "../../shared_names.json";

const SOURCES = ["core", "late", "rtc", "ui", "i18n", "packs"]
  .flatMap((folder) => readdirSync(`widget/src/${folder}`).map((file) => `widget/src/${folder}/${file}`))
  .concat("widget/src/panel.ts")
  .map((path) => readFileSync(path, "utf8").replace(/^import .*|^} from .*|\/\*[\s\S]*?\*\/|\/\/ .*/gm, ""))
  .join("\n");

const OPTIONS = readFileSync("widget/options.json", "utf8");
const GIVEN = ["core/protocol.ts", "core/options.gen.ts", "i18n/en.ts"]
  .map((path) => readFileSync(`widget/src/${path}`, "utf8"))
  .join("\n");
/** What the loader gives and calls: it is built without these names. */
const CONTRACT = /interface Host \{[\s\S]*?\/\*\* What the panel gets|interface Panel \{[\s\S]*?\n\}/g;
const LOADER = readFileSync("widget/src/core/panel_contract.ts", "utf8").match(CONTRACT)?.join("\n") ?? "";

it.each(NAMES)("%s is only ever a property of ours", (name) => {
  expect(SOURCES, "is used").toMatch(new RegExp(`\\b${name}\\b`));
  expect(SOURCES, "stands in no text by itself").not.toMatch(new RegExp(`["'\`]${name}["'\`]`));
  expect(GIVEN, "is no name of the server's or the page's").not.toMatch(
    new RegExp(`^\\s*(readonly )?${name}\\??[:(]`, "m"),
  );
  expect(OPTIONS).not.toContain(`"name": "${name}"`);
  expect(LOADER).not.toMatch(new RegExp(`^\\s*(readonly )?${name}\\??[:(]`, "m"));
});
