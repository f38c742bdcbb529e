/** One line at most of what one should know now: a tap that is needed, a silent microphone, a weak network. */

import { el } from "../ui/el";
import { me } from "./controls";
import { phoneIcon } from "./icons";
import type { Scene } from "./scene";
import type { TextKey } from "./texts/en";

const WEAK_MOS = 3;
const WEAK_RTT_MS = 400;

export function notes(scene: Scene): HTMLElement {
  const { line, t, needsTap } = scene;
  const current = (): TextKey | "" => {
    if (line.call.get().state === "ended") return "";
    if (line.state.get() === "asking") return "allow";
    if (line.state.get() === "lost") return line.call.get().recording === "recording" ? "keptRecorded" : "kept";
    const refusal = line.refusal.get();
    if (refusal) return refusal === "invalid_phone_number" ? "badNumber" : "refused";
    if (line.state.get() !== "on") return "";
    const quality = line.quality.get();
    if (quality && !quality.heard && line.role !== "listen" && !me(scene)?.muted) return "cannotHear";
    return quality && ((quality.mos ?? 5) < WEAK_MOS || (quality.rtt_ms ?? 0) > WEAK_RTT_MS) ? "weak" : "";
  };
  return el(
    "div",
    { class: "notes" },
    el(
      "button",
      { type: "button", class: "main tap", hidden: () => !needsTap.get(), onclick: () => scene.play() },
      phoneIcon("sound"),
      el("span", {}, () => t(line.role === "listen" ? "tapListen" : "tap")),
    ),
    el("p", { class: "note", role: "status", hidden: () => !current() }, () => {
      const key = current();
      return key ? t(key) : "";
    }),
  );
}
