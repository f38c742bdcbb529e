/** The row one reaches with a thumb: mute and end; the late chunk adds the rarer ones. */

import { isOngoing } from "../core/state";
import { button } from "./button";
import { el } from "./el";
import type { Scene } from "./scene";

export function controls(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const state = () => talk.state.get();
  const inVoice = () => isOngoing(state()) && state().mode === "voice";
  const isHidden = () => !(isOngoing(state()) || state().phase === "requesting" || state().phase === "connecting");
  const mute = button(
    () => `tool mute${state().muted ? " on" : ""}`,
    () => t(state().muted ? "unmute" : "mute"),
    () => talk.mute(!state().muted),
    "mic",
    { "aria-pressed": () => String(state().muted), hidden: () => talk.sound.isByHold() || !inVoice() },
  );
  return el(
    "footer",
    { hidden: isHidden },
    mute,
    button(
      "tool end",
      () => t("end"),
      () => talk.end(),
      "end",
      { "aria-label": () => t("endLong") },
    ),
  );
}
