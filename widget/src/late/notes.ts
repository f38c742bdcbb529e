/** One line between header and captions: we lost the network, why you write, we cannot hear you, a person to ask. */

import { isLive } from "../core/state";
import type { Scene } from "../ui/scene";
import { code } from "./cards";
import { faultOf, isFault } from "./faults";
import type { Kit } from "./kit";

const SAFE_LINK = /^(https:|tel:|mailto:)/i;

export function notes(kit: Kit, scene: Scene): HTMLElement {
  const { el, button } = kit;
  const { talk, t } = scene;
  const note = () => talk.note.get();
  const isReconnecting = () => talk.state.get().phase === "reconnecting";
  const handoff = () => {
    const way = talk.config.get()?.handoff;
    return note() === "handoff_offered" && way && SAFE_LINK.test(way.url) ? way : null;
  };
  const words = () =>
    isReconnecting()
      ? t("reconnecting")
      : isFault(note())
        ? t(faultOf(note()).text)
        : note() === "cannot_hear_you"
          ? t("cannotHear")
          : "";
  const canRetry = () => isLive(talk.state.get()) && talk.state.get().mode === "text" && /^microphone_/.test(note());
  return el(
    "div",
    { class: "notes" },
    el(
      "div",
      { class: "note", hidden: () => !words() },
      el("i", { class: "dot", hidden: () => !isReconnecting() }),
      el("p", { role: "status" }, words),
      button(
        "small",
        () => t("retry"),
        () => void talk.start("voice"),
        "mic",
        { hidden: () => !canRetry() },
      ),
      el("span", { hidden: () => isReconnecting() || !isFault(note()) }, code(kit, scene, note)),
    ),
    el(
      "a",
      { class: "quiet", hidden: () => !handoff(), href: () => handoff()?.url, target: "_blank", rel: "noopener" },
      () => handoff()?.label ?? "",
    ),
  );
}
