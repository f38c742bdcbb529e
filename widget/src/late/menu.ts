/** Which microphone: a menu above the row of controls. */

import { isOngoing } from "../core/state";
import { microphones } from "../rtc/microphones";
import { MORE } from "../ui/icons";
import type { Scene } from "../ui/scene";
import { choose } from "./choose";
import type { Kit } from "./kit";

/** The button that opens the menu, and the menu. */
export function microphoneMenu({ el, bind, listen, signal, icon, iconButton }: Kit, { talk, t }: Scene): HTMLElement {
  const isWanted = () => isOngoing(talk.state.get()) && talk.state.get().mode === "voice";
  const isOpen = signal(false);
  bind(() => {
    const track = talk.sound.mine.get()?.getAudioTracks()[0];
    if (track) track.onended = () => void choose(talk);
  });
  const opener = iconButton(
    "more",
    () => t("microphone"),
    () => void toggle(!isOpen.get()),
    "more",
    { "aria-haspopup": "menu", "aria-expanded": () => String(isOpen.get()) },
    MORE,
  );
  const list = el("div", {
    class: "menu",
    role: "menu",
    "aria-label": () => t("microphone"),
    hidden: () => !isOpen.get(),
  });
  bind(() => {
    if (!isWanted()) isOpen.set(false);
  });
  if (navigator.mediaDevices) listen(navigator.mediaDevices, "devicechange", () => isOpen.get() && void toggle(true));
  return el("div", { hidden: () => !isWanted(), onkeydown: keys }, opener, list);

  async function toggle(open: boolean): Promise<void> {
    if (open) list.replaceChildren(...(await microphones()).map(item));
    isOpen.set(open);
    if (open)
      (list.querySelector<HTMLElement>("[aria-checked=true]") ?? (list.firstElementChild as HTMLElement))?.focus();
  }

  function item({ deviceId, label }: MediaDeviceInfo): HTMLElement {
    const present = talk.sound.mine.get()?.getAudioTracks()[0]?.getSettings().deviceId;
    const pick = () => {
      void choose(talk, deviceId);
      isOpen.set(false);
      opener.focus();
    };
    return el(
      "button",
      {
        type: "button",
        role: "menuitemradio",
        "aria-checked": String(deviceId === present),
        onclick: pick,
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
