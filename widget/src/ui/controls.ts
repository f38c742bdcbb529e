/** The row one reaches with a thumb: mute, which microphone, end; the late chunk adds the rarer ones. */

import { isOngoing } from "../core/state";
import { button } from "./button";
import { el } from "./el";
import { icon } from "./icons";
import type { Scene } from "./scene";

export function controls(scene: Scene, opener: HTMLElement): HTMLElement {
  const { talk, t } = scene;
  const state = () => talk.state.get();
  const inVoice = () => isOngoing(state()) && state().mode === "voice";
  const isHidden = () => !(isOngoing(state()) || state().phase === "requesting" || state().phase === "connecting");
  const mute = el(
    "button",
    {
      type: "button",
      class: () => `tool mute${state().muted ? " on" : ""}`,
      "aria-pressed": () => String(state().muted),
      hidden: () => talk.sound.isByHold() || !inVoice(),
      onclick: () => talk.mute(!state().muted),
    },
    icon("mic"),
    el("span", {}, () => t(state().muted ? "unmute" : "mute")),
  );
  return el(
    "footer",
    { hidden: isHidden },
    mute,
    el("div", { class: "microphones", hidden: () => !inVoice() }, opener),
    button(
      "tool end",
      () => t("end"),
      () => talk.end(),
      "end",
      { "aria-label": () => t("endLong") },
    ),
  );
}
