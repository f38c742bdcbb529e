// Writes a .br beside every script it is given, as small as it gets: the server only picks one.
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";

for (const script of process.argv.slice(2)) {
  const bytes = readFileSync(script);
  const best = { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } };
  writeFileSync(`${script}.br`, brotliCompressSync(bytes, best));
}
