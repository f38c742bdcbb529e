// Writes what follows from widget/options.json: the types and the compact table for the loader, and the reference page.
// And from widget/src/i18n/en.ts: the list of its keys, which are those of `labels`.
import { readFileSync, writeFileSync } from "node:fs";
import { transformSync } from "esbuild";

const root = new URL("../../", import.meta.url);
const table = JSON.parse(readFileSync(new URL("widget/options.json", root), "utf8")).options;

const english = transformSync(readFileSync(new URL("widget/src/i18n/en.ts", root), "utf8"), { loader: "ts" }).code;
const { en, enLate } = await import(`data:text/javascript,${encodeURIComponent(english)}`);
const labels = Object.keys({ ...en, ...enLate }).sort();

const TYPES = {
  string: "string",
  url: "string",
  color: "string",
  number: "number",
  boolean: "boolean",
  texts: "Record<string, string>",
  function: "(() => void) | null",
};

function typeOf(option) {
  if (option.type === "object") {
    return `{ ${option.fields.map((field) => `${field.name}: ${typeOf(field)}`).join("; ")} }`;
  }
  return option.enum ? option.enum.map((value) => JSON.stringify(value)).join(" | ") : TYPES[option.type];
}

/** data-api-key for apiKey, data-tenant-id for tenant_id, data-launcher-offset-x for launcher.offsetX. */
export function attributeOf(...names) {
  return names
    .map((name) => name.replace(/_/g, "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
    .join("-");
}

const KINDS = { string: "s", url: "u", color: "c", number: "n", boolean: "b", texts: "t", function: "f" };

/** [dotted path, kind, default, limits]; an object gives a row for each of its fields. */
function rows(option, prefix = "") {
  const path = prefix + option.name;
  if (option.type === "object") return option.fields.flatMap((field) => rows(field, `${path}.`));
  const kind = option.enum ? "e" : option.pattern ? "p" : KINDS[option.type];
  const base = option.default ?? (option.type === "texts" ? {} : null);
  const limits = limitsOf(option);
  return [[path, kind, base, ...(limits ? [limits] : [])]];
}

function limitsOf({ enum: values, pattern, type, min, max }) {
  if (values) return values;
  if (pattern) return [pattern];
  if (type === "number") return [min, max];
  return max ? [max] : undefined;
}

const list = (rows) => JSON.stringify(rows, null, 2);

/** The radius is the panel's alone, and so is how long a text may be. */
const forLauncher = ({ fields, max, ...option }) => ({
  ...option,
  ...(option.type === "number" && { max }),
  ...(fields && { fields: fields.filter((field) => !field.panel).map(forLauncher) }),
});

const launcherOptions = table.filter((option) => option.launcher);
const launcherRows = launcherOptions.map(forLauncher).flatMap((option) => rows(option));
const brought = launcherRows.map((row) => JSON.stringify(row));
const panelRows = table.flatMap((option) => rows(option)).filter((row) => !brought.includes(JSON.stringify(row)));

const types = `/** Generated from widget/options.json by widget/scripts/options.mjs: do not edit. */

import type { OptionRow } from "./options";

export interface Options {
${table.map((option) => `  /** ${option.doc} */\n  ${option.name}: ${typeOf(option)};`).join("\n")}
}

/** What the panel reads beside the loader's rows, which it is given; of the same path, the later row counts. */
export const ROWS: OptionRow[] = ${list(panelRows)};
`;

const launcherTypes = `/** Generated from widget/options.json by widget/scripts/options.mjs: do not edit. */

import type { OptionRow } from "./options";
import type { Options } from "./options.gen";

export type LauncherOptions = Pick<Options, ${launcherOptions.map((option) => JSON.stringify(option.name)).join(" | ")}>;

/** What the launcher needs before the panel is there. */
export const LAUNCHER_ROWS: OptionRow[] = ${list(launcherRows)};
`;

function docRows(option, parents = [], tenant = option.tenant) {
  const names = [...parents, option.name];
  const row = docRow({ ...option, tenant }, names);
  return option.type === "object" ? [row, ...option.fields.flatMap((field) => docRows(field, names, tenant))] : [row];
}

function docRow(option, names) {
  const type = option.enum ? option.enum.map((value) => `\`${value}\``).join(", ") : option.type;
  const base = option.default === undefined || option.default === "" ? "" : `\`${option.default}\``;
  const attribute = ["function", "object"].includes(option.type) ? "" : `\`data-${attributeOf(...names)}\``;
  return `| \`${names.join(".")}\` | ${type}${limitsInWords(option)} | ${base} | ${attribute} | ${option.tenant ? "yes" : ""} | ${option.doc} |`;
}

function limitsInWords({ type, pattern, min, max }) {
  if (pattern) return ` (begins with ${pattern.replace("^", "")})`;
  if (type === "number") return ` (${min} to ${max})`;
  if (max) return ` (at most ${max}${type === "texts" ? "" : " characters"})`;
  return "";
}

const docs = `# Options of the widget

Generated from \`widget/options.json\`. Give them in \`window.VOCALIA_CONFIG\`, to \`VocalIA.init({…})\`, as \`data-…\`
attributes of the script tag, or as attributes of \`<parloir-widget>\` (there without \`data-\`). A value that does not
fit is reported in the console and as an \`error\` event with the code \`config_invalid\`; the default is used instead.
A boolean attribute without a value is a yes. What \`account\` says yes to can also be set once for all pages of an account
(\`parloir widget set\`); what a page gives goes before it.

| option | type | default | attribute | account | meaning |
|---|---|---|---|---|---|
${table.flatMap((option) => docRows(option)).join("\n")}

The keys of \`labels\`: ${labels.map((key) => `\`${key}\``).join(" ")}.
`;

const outputs = {
  "widget/src/core/options.gen.ts": types,
  "widget/src/core/options.launcher.gen.ts": launcherTypes,
  "docs/reference/widget-options.md": docs,
  "widget/labels.json": `${list(labels)}\n`,
};
const stale = Object.entries(outputs).filter(([path, text]) => {
  try {
    return readFileSync(new URL(path, root), "utf8") !== text;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  for (const [path] of stale) console.error(`${path} is stale: run node widget/scripts/options.mjs`);
  process.exit(stale.length ? 1 : 0);
}
for (const [path, text] of stale) writeFileSync(new URL(path, root), text);
