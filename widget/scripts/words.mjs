// Prints the first words of every language as JSON: their keys once, and each language's words in the order of the keys.
import { readdirSync, readFileSync } from "node:fs";
import { transformSync } from "esbuild";

const folder = new URL("../src/i18n/", import.meta.url);

async function tables(file) {
  const { code } = transformSync(readFileSync(new URL(file, folder), "utf8"), { loader: "ts" });
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}

const keys = Object.keys((await tables("en.ts")).en);
const words = { keys };
for (const file of readdirSync(folder)) {
  const language = file.replace(".ts", "");
  const table = (await tables(file))[language];
  if (language !== "hints") words[language] = keys.map((key) => table[key]);
}
process.stdout.write(JSON.stringify(words));
