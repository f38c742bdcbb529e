/** The sheet for text messages: to whom, what, and what became of those sent before. */

import type { Signal } from "../core/signals";
import { iconButton } from "../ui/button";
import { bind, el } from "../ui/el";
import type { Message, Phone } from "./phone";
import type { Texts } from "./texts";

const TEXT_MAX = 1_600;

export interface Sheet {
  node: HTMLDialogElement;
  open(): void;
}

export function messageSheet(phone: Phone, texts: Texts, number: Signal<string>): Sheet {
  const to = el("input", { type: "tel", dir: "ltr", id: "to", autocomplete: "off", required: true, maxlength: 20 });
  const text = el("textarea", { id: "text", rows: 3, maxlength: TEXT_MAX, required: true, dir: "auto" });
  const send = (event: Event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    phone.text(to.value.trim(), text.value);
    text.value = "";
    text.focus();
  };
  const sent = el("ol", { class: "sent" });
  bind(() => sent.replaceChildren(...phone.messages.get().map((message) => line(texts, message))));
  const node = el(
    "dialog",
    { class: "sheet", "aria-labelledby": "sheet-title" },
    el(
      "header",
      {},
      el("h2", { id: "sheet-title" }, texts.write),
      iconButton(
        "shut",
        () => texts.close,
        () => node.close(),
        "close",
      ),
    ),
    el("div", { class: "log", role: "log", tabindex: 0, "aria-label": texts.sentBefore }, sent),
    el(
      "form",
      { onsubmit: send },
      el("label", { for: "to" }, texts.to),
      to,
      el("label", { for: "text" }, texts.words),
      text,
      el("button", { type: "submit", class: "green" }, texts.send),
    ),
  );
  return {
    node,
    open() {
      if (number.get()) to.value = number.get();
      node.showModal();
      (to.value ? text : to).focus();
    },
  };
}

const line = (texts: Texts, { to, text, state }: Message): HTMLElement =>
  el(
    "li",
    { "data-state": !state ? "sending" : state === "sent" ? "sent" : "failed" },
    el("bdi", { class: "whom", dir: "ltr" }, to),
    el("p", { dir: "auto" }, text),
    el("span", { class: "became" }, !state ? texts.sending : state === "sent" ? texts.sent : why(texts, state)),
  );

const why = (texts: Texts, code: string): string =>
  code === "unknown_phone_number"
    ? texts.unreachable
    : code === "invalid_phone_number"
      ? texts.invalid
      : code === "too_many_messages"
        ? texts.slower
        : code === "sms_not_enabled"
          ? texts.notDelivered
          : texts.notSent;
