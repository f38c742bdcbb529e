/** What was said and written: the person at one side, the agent at the other, in a live log. */

import type { Message } from "../core/protocol";
import { bind, el, tidy } from "./el";
import type { Scene } from "./scene";

export function captions(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const log = el("div", { class: "log", role: "log", tabindex: "0", "aria-label": () => t("captions") });
  const rows = new Map<string, HTMLElement>();
  bind(() => {
    const isShown = ({ via }: Message) => scene.options().captions || via === "text";
    const wanted = talk.transcript.messages.get().filter(isShown).map(row);
    for (const [key, node] of rows) {
      if (wanted.includes(node)) continue;
      node.remove();
      rows.delete(key);
    }
    wanted.forEach((node, at) => {
      if (log.children[at] !== node) log.insertBefore(node, log.children[at] ?? null);
    });
    // What follows the reader's own scrolling comes late.
    if (!log.hasAttribute("data-away")) log.scrollTop = log.scrollHeight;
  });
  return log;

  /** A final message is a new row, so that it is read out once and whole; partial ones are only seen. */
  function row(message: Message): HTMLElement {
    const key = message.id + message.final;
    const node = rows.get(key) ?? (message.role === "gap" ? gap() : said(message));
    rows.set(key, node);
    const words = node.querySelector(".words");
    if (words) {
      const text = tidy(message.text.trim()) || "…";
      if (words.textContent !== text) words.textContent = text;
      (node.lastChild as HTMLElement).hidden = !message.interrupted;
    }
    return node;
  }

  function said({ role, final }: Message): HTMLElement {
    return el(
      "div",
      { class: `row ${role}${final ? "" : " partial"}`, "aria-hidden": final ? null : "true" },
      el("span", { class: "hush" }, () => `${role === "user" ? t("you") : scene.name()}: `),
      el("div", { class: "words", dir: "auto" }),
      el("small", {}, () => t("interrupted")),
    );
  }

  /** Here the connection was lost for a moment. */
  function gap(): HTMLElement {
    return el(
      "p",
      { class: "gap" },
      el("span", {}, () => t("gap")),
    );
  }
}
