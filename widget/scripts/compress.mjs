// Writes a .br beside every script of a folder, as small as it gets: the server only picks one.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const folder = process.argv[2];
for (const name of readdirSync(folder).filter((file) => file.endsWith(".js"))) {
  const bytes = readFileSync(join(folder, name));
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, best));
}
