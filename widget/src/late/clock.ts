/** How long we have been talking, beside the state in the header. */

import { isLive } from "../core/state";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

export function clock({ el, bind, atEnd }: Kit, { talk }: Scene): HTMLElement {
  const inVoice = () => isLive(talk.state.get()) && talk.state.get().mode === "voice";
  const node = el("time", { "aria-hidden": "true", hidden: () => !inVoice() });
  let since = 0;
  const tick = () => {
    const s = Math.floor((Date.now() - since) / 1000);
    node.textContent = since ? `${String(Math.floor(s / 60)).padStart(2, "0")}:${String(s % 60).padStart(2, "0")}` : "";
  };
  const timer = setInterval(tick, 1000);
  atEnd(() => clearInterval(timer));
  bind(() => {
    since = inVoice() ? since || Date.now() : talk.state.get().phase === "reconnecting" ? since : 0;
    tick();
  });
  return node;
}
