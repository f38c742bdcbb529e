/** Hold-to-talk. */

import type { Conversation } from "../core/conversation";
import type { Signal } from "../core/signals";
import { isLive } from "../core/state";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

/** The last syllable is still on its way when the finger leaves the button. */
const TALK_TAIL_MS = 250;

/** Pressed or released. */
export function hold({ sound, state, send }: Conversation, held: Signal<boolean>, on: boolean): void {
  if (on === held.get() || !isLive(state.get())) return;
  held.set(on);
  if (on) sound.gate(true);
  else setTimeout(() => sound.gate(held.get()), TALK_TAIL_MS);
  send({ type: "talk", on });
}

/** Held with a finger, the mouse, Space or Enter. */
export function holdToTalk({ el, bind, signal, icon }: Kit, { talk, t }: Scene): HTMLElement {
  const isHeld = signal(false);
  const held = isHeld.get;
  const press = (on: boolean) => hold(talk, isHeld, on);
  bind(() => {
    if (!talk.sound.mine.get()) isHeld.set(false);
  });
  const key = (on: boolean) => (event: KeyboardEvent) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) press(on);
  };
  const up = () => press(false);
  return el(
    "button",
    {
      type: "button",
      class: () => (held() ? "tool ptt on" : "tool ptt"),
      "aria-pressed": () => String(held()),
      onpointerdown: ({ target, pointerId }: PointerEvent) => {
        (target as Element).setPointerCapture(pointerId);
        press(true);
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
