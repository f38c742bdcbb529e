// Writes what follows from widget/options.json: the types and the compact table for the loader, and the reference page.
import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const table = JSON.parse(readFileSync(new URL("widget/options.json", root), "utf8")).options;

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

/** One row: [name, kind letter, default, limits] and, for objects, [name, "o", rows]. */
function row(option) {
  if (option.type === "object") return [option.name, "o", option.fields.map(row)];
  const kind = { string: "s", url: "u", color: "c", number: "n", boolean: "b", texts: "t", function: "f" }[option.type];
  const limits = option.enum ?? (option.type === "number" ? [option.min, option.max] : option.max ? [option.max] : undefined);
  return [option.name, kind, option.default ?? null, ...(limits ? [limits] : [])];
}

const types = `/** Generated from widget/options.json by widget/scripts/options.mjs: do not edit. */

export interface Options {
${table.map((option) => `  /** ${option.doc} */\n  ${option.name}: ${typeOf(option)};`).join("\n")}
}

/** What a page may give: any part of it. */
export type GivenOptions = { [Name in keyof Options]?: Partial<Options[Name]> | Options[Name] };

/** Name, kind (string, url, color, number, boolean, texts, function, object), default, limits. */
export type OptionRow = [name: string, kind: string, base: unknown, limits?: (string | number)[]];

export const ROWS: OptionRow[] = ${JSON.stringify(table.map(row), null, 2)};
`;

function docRows(option, parents = []) {
  const names = [...parents, option.name];
  if (option.type === "object") return [docRow(option, names), ...option.fields.flatMap((field) => docRows(field, names))];
  return [docRow(option, names)];
}

function docRow(option, names) {
  const type = option.enum ? option.enum.map((value) => `\`${value}\``).join(", ") : option.type;
  const limits = option.min !== undefined ? ` (${option.min} to ${option.max})` : option.max ? ` (at most ${option.max} characters)` : "";
  const base = option.default === undefined || option.default === "" ? "" : `\`${option.default}\``;
  const attribute = ["function", "object"].includes(option.type) ? "" : `\`data-${attributeOf(...names)}\``;
  return `| \`${names.join(".")}\` | ${type}${limits} | ${base} | ${attribute} | ${option.doc} |`;
}

const docs = `# Options of the widget

Generated from \`widget/options.json\`. Give them in \`window.VOCALIA_CONFIG\`, to \`VocalIA.init({…})\`, as \`data-…\`
attributes of the script tag, or as attributes of \`<parloir-widget>\` (there without \`data-\`). A value that does not
fit is reported in the console and as an \`error\` event with the code \`config_invalid\`; the default is used instead.

| option | type | default | attribute | meaning |
|---|---|---|---|---|
${table.flatMap((option) => docRows(option)).join("\n")}
`;

const outputs = { "widget/src/core/options.gen.ts": types, "docs/reference/widget-options.md": docs };
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
