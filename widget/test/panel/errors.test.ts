/** Every error code has words in every language, a hint and a way out; the reference page is written from here. */

import { describe, expect, it } from "vitest";
import { ar, arLate } from "../../src/i18n/ar";
import { ary, aryLate } from "../../src/i18n/ary";
import { en, enLate } from "../../src/i18n/en";
import { es, esLate } from "../../src/i18n/es";
import { fr, frLate } from "../../src/i18n/fr";
import { hints } from "../../src/i18n/hints";
import { FAULTS, type FaultCode, faultOf } from "../../src/late/faults";
import { microphoneFault } from "../../src/rtc/microphone_faults";

const ENGLISH = { ...en, ...enLate };
const LANGUAGES = {
  en: ENGLISH,
  fr: { ...fr, ...frLate },
  es: { ...es, ...esLate },
  ar: { ...ar, ...arLate },
  ary: { ...ary, ...aryLate },
};
const CODES = Object.keys(FAULTS).sort() as FaultCode[];

describe("the table of errors", () => {
  it("has at least twenty codes", () => {
    expect(CODES.length).toBeGreaterThanOrEqual(20);
  });

  it.each(CODES)("%s has words in every language and a hint", (code) => {
    for (const texts of Object.values(LANGUAGES)) expect(texts[FAULTS[code].text].length).toBeGreaterThan(10);
    expect(hints[code].length).toBeGreaterThan(10);
  });

  it("reads a code it does not know as an internal error", () => {
    for (const code of ["from_tomorrow", "toString", ""]) expect(faultOf(code)).toBe(FAULTS.internal_error);
  });

  it.each(Object.entries(LANGUAGES))("%s has the same keys and placeholders as English", (_, texts) => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(ENGLISH).sort());
    for (const [key, text] of Object.entries(texts)) {
      expect(text.match(/\{\w+\}/g) ?? [], key).toEqual(ENGLISH[key as keyof typeof ENGLISH].match(/\{\w+\}/g) ?? []);
    }
  });

  it("is what the reference page says (npx vitest run -u writes it)", async () => {
    const rows = CODES.map(
      (code) => `| \`${code}\` | ${ENGLISH[FAULTS[code].text]} | ${FAULTS[code].out} | ${hints[code]} |`,
    );
    const page = `# The widget's error codes

Generated from widget/src/late/faults.ts and widget/src/i18n/: do not edit.

The page hears them with \`VocalIA.on("error", ({ code, message }) => …)\`, the visitor reads the words in their own
language with the code beside them, and the console shows the hint. Ways out: \`text\`, the conversation goes on in
writing by itself; \`retry\`, a button tries again; \`none\`, there is nothing the visitor could do.

| code | the visitor reads | way out | for the site owner |
|---|---|---|---|
${rows.join("\n")}
`;
    await expect(page).toMatchFileSnapshot("../../../docs/reference/widget-errors.md");
  });
});

describe("a refused microphone", () => {
  const page = (allowed: boolean) => ({ featurePolicy: { allowsFeature: () => allowed } }) as unknown as Document;
  const code = (name: string, message = "", allowed = true) => microphoneFault({ name, message }, page(allowed));

  it("says who refused", () => {
    expect(code("NotAllowedError", "Permission denied")).toBe("microphone_denied");
    expect(code("NotAllowedError", "Permission dismissed")).toBe("microphone_dismissed");
    expect(code("NotAllowedError", "Permission denied", false)).toBe("microphone_policy");
    expect(code("NotFoundError")).toBe("microphone_missing");
    expect(code("NotReadableError")).toBe("microphone_busy");
  });
});
