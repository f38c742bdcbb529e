/** After the call: how it went in one press, a note, and the word that it is kept. */

import { codeOf } from "../core/errors";
import { signal } from "../core/signals";
import { el } from "../ui/el";
import type { SoftphoneApi } from "./api";
import { whyEnded } from "./ending";
import { phoneIcon } from "./icons";
import { OUTCOMES } from "./protocol";
import { clock, type Scene } from "./scene";
import type { TextKey } from "./texts/en";

const NOTE_MAX = "2000";

export function afterwards(scene: Scene, api: SoftphoneApi): HTMLElement {
  const { line, t } = scene;
  const { answered_at, duration_s } = line.call.get();
  const reason = whyEnded(line.call.get(), line.role === "agent", t);
  const why = reason ? [el("p", { class: "why" }, reason)] : [];
  const lasted = answered_at ? [el("p", { class: "lasted" }, t("lasted", { time: clock(duration_s) }))] : [];
  const way = line.role === "agent" ? wrapUp(scene, api) : el("p", { class: "lasted" }, t("over"));
  return el("section", { class: "after" }, ...why, ...lasted, way);
}

/** How it went, in the agent's words: after the end, or after the call was passed on. */
export function wrapUp({ line, t }: Scene, api: SoftphoneApi): HTMLElement {
  const kept = line.call.get().wrap_up;
  const chosen = signal(kept?.outcome ?? "");
  const saved = signal(!!kept);
  const fault = signal("");
  const note = el("textarea", {
    id: "note",
    rows: "3",
    maxlength: NOTE_MAX,
    dir: "auto",
    oninput: () => saved.set(false),
  });
  note.value = kept?.note ?? "";
  const choices = OUTCOMES.map((outcome) =>
    el(
      "button",
      {
        type: "button",
        class: "choice",
        "aria-pressed": () => String(chosen.get() === outcome),
        onclick: () => {
          chosen.set(outcome);
          saved.set(false);
        },
      },
      t(outcome as TextKey),
    ),
  );
  const save = async (event: Event) => {
    event.preventDefault();
    fault.set("");
    try {
      line.take((await api.wrapUp(chosen.get(), note.value.trim())).call);
      saved.set(true);
    } catch (thrown) {
      fault.set(codeOf(thrown));
    }
  };
  return el(
    "form",
    { class: "wrap", onsubmit: save },
    el("h2", { id: "wrap-title" }, t("wrapTitle")),
    el("div", { class: "choices", role: "group", "aria-labelledby": "wrap-title" }, ...choices),
    el("label", { for: "note" }, t("note")),
    note,
    el(
      "div",
      { class: "row-end" },
      el("button", { type: "submit", class: "main", disabled: () => !chosen.get() || saved.get() }, t("save")),
      el(
        "p",
        { class: "saved", role: "status" },
        el("span", { class: "tick", hidden: () => !saved.get() }, phoneIcon("check")),
        () => (saved.get() ? t("saved") : fault.get() ? t("refused") : ""),
      ),
    ),
  );
}
