/** One line between header and captions: we lost the network, why you write, we cannot hear you, a person to ask. */

import { isLive } from "../core/state";
import type { Scene } from "../ui/scene";
import { code } from "./cards";
import { faultOf, isFault } from "./faults";
import type { Kit } from "./kit";

const SAFE_LINK = /^(https:|tel:|mailto:)/i;

/** Fills `place`, whose empty status line the panel has had from the start. */
export function notes(kit: Kit, scene: Scene, place: HTMLElement): void {
  const { el, bind, button } = kit;
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
  const status = place.firstElementChild as HTMLElement;
  bind(() => place.classList.toggle("note", !!words()));
  status.before(el("i", { class: "dot", hidden: () => !isReconnecting() }));
  status.append(el("span", {}, words));
  status.after(
    button(
      "small",
      () => t("retry"),
      () => void talk.start("voice"),
      "mic",
      { hidden: () => !canRetry() },
    ),
    el("span", { hidden: () => isReconnecting() || !isFault(note()) }, code(kit, scene, note)),
  );
  place.after(
    el(
      "a",
      { class: "quiet", hidden: () => !handoff(), href: () => handoff()?.url, target: "_blank", rel: "noopener" },
      () => handoff()?.label ?? "",
    ),
  );
}
