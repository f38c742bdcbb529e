/** Hold-to-talk. */

import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

/** Held with a finger, the mouse, Space or Enter. */
export function holdToTalk({ el, icon }: Kit, { talk, t }: Scene): HTMLElement {
  const held = () => talk.sound.held.get();
  const key = (on: boolean) => (event: KeyboardEvent) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) talk.talk(on);
  };
  const up = () => talk.talk(false);
  return el(
    "button",
    {
      type: "button",
      class: () => (held() ? "tool ptt on" : "tool ptt"),
      "aria-pressed": () => String(held()),
      onpointerdown: ({ target, pointerId }: PointerEvent) => {
        (target as Element).setPointerCapture(pointerId);
        talk.talk(true);
      },
      onpointerup: up,
      onpointercancel: up,
      onblur: up,
      onkeydown: key(true),
      onkeyup: key(false),
      oncontextmenu: (event: Event) => event.preventDefault(),
    },
    icon("mic"),
    el("span", {}, () => t(held() ? "release" : "hold")),
  );
}
