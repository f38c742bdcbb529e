/** The softphone's words in the language of the link; all five travel with the page. */

import { ar } from "./texts/ar";
import { ary } from "./texts/ary";
import { en, type TextKey, type Texts } from "./texts/en";
import { es } from "./texts/es";
import { fr } from "./texts/fr";

const LANGUAGES: Record<string, Texts> = { en, fr, es, ar, ary };

export type T = (key: TextKey, fill?: Record<string, string>) => string;

/** `wish` is a language tag; without one we have, the browser's, then English. */
export function words(wish: string | null): { t: T; language: string; dir: "ltr" | "rtl" } {
  const asked = [wish ?? "", ...navigator.languages].map((tag) => tag.toLowerCase());
  const found = asked.flatMap((tag) => [tag, tag.split("-")[0] ?? ""]).find((tag) => Object.hasOwn(LANGUAGES, tag));
  const language = found ?? "en";
  const texts = LANGUAGES[language] as Texts;
  return {
    language,
    dir: language.startsWith("ar") ? "rtl" : "ltr",
    t: (key, fill = {}) => texts[key].replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? ""),
  };
}
