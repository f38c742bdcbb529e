/** Where one writes: grows with the words, sends with Enter. */

import { iconButton } from "./button";
import { el } from "./el";
import type { Scene } from "./scene";

const STANDARD_LIMIT = 2000;

export function composer({ talk, t }: Scene): HTMLElement {
  const words = () => t("placeholder");
  const field = el("textarea", {
    rows: 1,
    dir: "auto",
    enterkeyhint: "send",
    autocomplete: "off",
    placeholder: words,
    "aria-label": words,
    maxlength: () => talk.config.get()?.limits.text_characters ?? STANDARD_LIMIT,
    oninput: fit,
    onkeydown: (event: KeyboardEvent) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    },
  });
  const go = iconButton("send", () => t("send"), send, "send");
  const form = el("form", { class: "composer", onsubmit: (event: Event) => event.preventDefault() }, field, go);
  go.disabled = true;
  return form;

  /** One to four lines, then it scrolls. */
  function fit(): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 112)}px`;
    go.disabled = !field.value.trim();
  }

  function send(): void {
    talk.sendText(field.value);
    field.value = "";
    fit();
  }
}
