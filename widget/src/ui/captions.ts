/** What was said and written: the person at one side, the agent at the other, in a live log. */

import type { Message } from "../core/protocol";
import { atEnd, bind, el, tidy } from "./el";
import type { Scene } from "./scene";

/** Closer to the end than this, the reader follows the conversation. */
const FOLLOW_PX = 48;

export function captions(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  /** Whether the reader is at the end, and so wants to stay there. */
  let follows = true;
  const log = el("div", {
    class: "log",
    role: "log",
    tabindex: "0",
    "aria-label": () => t("captions"),
    onscroll: () => {
      follows = log.scrollHeight - log.scrollTop - log.clientHeight < FOLLOW_PX;
    },
  });
  const toEnd = () => {
    if (follows) log.scrollTop = log.scrollHeight;
  };
  const resized = new ResizeObserver(toEnd);
  resized.observe(log);
  atEnd(() => resized.disconnect());
  const rows = new Map<string, HTMLElement>();
  bind(() => {
    const gaps = talk.transcript.gaps.get();
    const wanted: HTMLElement[] = [];
    for (const message of talk.transcript.messages.get()) {
      if (!scene.options().captions && message.via === "voice") continue;
      wanted.push(row(message));
      if (gaps.includes(message.id)) wanted.push(gap(message.id));
    }
    for (const [key, node] of rows) if (!wanted.includes(node)) drop(key, node);
    wanted.forEach((node, at) => {
      if (log.children[at] !== node) log.insertBefore(node, log.children[at] ?? null);
    });
    toEnd();
  });
  return log;

  /** A final message is a new row, so that it is read out once and whole; partial ones are only seen. */
  function row(message: Message): HTMLElement {
    const key = message.id + message.final;
    const text = tidy(message.text.trim()) || "…";
    const known = rows.get(key);
    const words = known?.querySelector(".words");
    if (known && words) {
      if (words.textContent !== text) words.textContent = text;
      (known.lastChild as HTMLElement).hidden = !message.interrupted;
      return known;
    }
    const look = `row ${message.role}${message.final ? "" : " partial"}`;
    const node = el(
      "div",
      { class: look, "aria-hidden": message.final ? null : "true" },
      el("span", { class: "hush" }, () => `${message.role === "user" ? t("you") : scene.name()}: `),
      el("span", { class: "words", dir: "auto" }, text),
      el("small", { hidden: !message.interrupted }, () => t("interrupted")),
    );
    rows.set(key, node);
    return node;
  }

  function gap(id: string): HTMLElement {
    const key = `gap${id}`;
    const node =
      rows.get(key) ??
      el(
        "p",
        { class: "gap" },
        el("span", {}, () => t("gap")),
      );
    rows.set(key, node);
    return node;
  }

  function drop(key: string, node: HTMLElement): void {
    node.remove();
    rows.delete(key);
  }
}
