/** What is said, live: the customer at the left, our side at the right, read out once it is final. */

import { atEnd, bind, el, tidy } from "../ui/el";
import { watchReader } from "../ui/reader";
import { isRefused, type Segment } from "./protocol";
import type { Scene } from "./scene";

export function transcript({ line, t }: Scene): HTMLElement {
  const log = el("div", {
    class: "log",
    role: "log",
    tabindex: "0",
    "aria-label": () => t("transcript"),
  });
  const empty = el("p", { class: "empty" }, () => {
    const { transcript: state, transcript_reason, recording_consent, answered_at } = line.call.get();
    if (recording_consent === "awaited") return t("consentAwaited");
    if (isRefused(recording_consent)) return t("notKept");
    if (state === "none") return answered_at ? t("noTranscript") : ""; // it begins with the answer
    return t(state === "unavailable" && transcript_reason === "language_not_covered" ? "noLanguage" : "nothingYet");
  });
  const rows = new Map<string, HTMLElement>();
  atEnd(watchReader(log));
  bind(() => {
    const segments = line.segments.get();
    const wanted = segments.map(row);
    if (!wanted.length) wanted.push(empty);
    for (const child of [...log.children]) if (!wanted.includes(child as HTMLElement)) child.remove();
    wanted.forEach((node, at) => {
      if (log.children[at] !== node) log.insertBefore(node, log.children[at] ?? null);
    });
    if (!log.hasAttribute("data-away")) log.scrollTop = log.scrollHeight;
  });
  return log;

  /** A final segment is a new row, so that it is read out once and whole; earlier ones are only seen. */
  function row({ id, final, side, text, role }: Segment): HTMLElement {
    const key = id + final;
    const known = rows.get(key);
    const words = tidy(text.trim()) || "…";
    const said = known?.lastElementChild;
    if (known && said) {
      if (said.textContent !== words) said.textContent = words;
      return known;
    }
    const who = t(side === "customer" ? "customer" : role === "ai" ? "ai" : "ours");
    const node = el(
      "p",
      { class: `row ${side}${final ? "" : " partial"}`, "aria-hidden": final ? null : "true" },
      el("span", { class: "hush" }, `${who}: `),
      el("span", { dir: "auto" }, words),
    );
    rows.set(key, node);
    return node;
  }
}
