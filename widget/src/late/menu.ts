/** Which microphone: a menu above the row of controls. */

import { isOngoing } from "../core/state";
import { microphones } from "../rtc/microphones";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

export function microphoneMenu(
  { el, bind, listen, signal, icon }: Kit,
  { talk, t }: Scene,
  opener: HTMLElement,
): () => void {
  const isWanted = () => isOngoing(talk.state.get()) && talk.state.get().mode === "voice";
  const isOpen = signal(false);
  const list = el("div", {
    class: "menu",
    role: "menu",
    "aria-label": () => t("microphone"),
    hidden: () => !isOpen.get(),
  });
  const place = opener.parentElement as HTMLElement;
  listen(place, "keydown", keys);
  place.append(list);
  bind(() => opener.setAttribute("aria-expanded", String(isOpen.get())));
  bind(() => {
    if (!isWanted()) isOpen.set(false);
  });
  if (navigator.mediaDevices) listen(navigator.mediaDevices, "devicechange", () => isOpen.get() && void toggle(true));
  return () => void toggle(!isOpen.get());

  async function toggle(open: boolean): Promise<void> {
    if (open) list.replaceChildren(...(await microphones()).map(item));
    isOpen.set(open);
    if (open)
      (list.querySelector<HTMLElement>("[aria-checked=true]") ?? (list.firstElementChild as HTMLElement))?.focus();
  }

  function item({ deviceId, label }: MediaDeviceInfo): HTMLElement {
    const present = talk.sound.mine.get()?.getAudioTracks()[0]?.getSettings().deviceId;
    const choose = () => {
      void talk.choose(deviceId);
      isOpen.set(false);
      opener.focus();
    };
    return el(
      "button",
      {
        type: "button",
        role: "menuitemradio",
        "aria-checked": String(deviceId === present),
        onclick: choose,
        tabindex: "-1",
      },
      el("span", { dir: "auto" }, label || t("standard")),
      icon("check"),
    );
  }

  function keys(event: KeyboardEvent): void {
    if (!isOpen.get()) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const items = [...list.children] as HTMLElement[];
      const at = items.indexOf((list.getRootNode() as ShadowRoot).activeElement as HTMLElement);
      items[(at + step + items.length) % items.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      isOpen.set(false);
      opener.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
