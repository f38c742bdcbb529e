/** The row one reaches with a thumb: mute or hold-to-talk, which microphone, end. */

import { signal } from "../core/signals";
import { isLive, isOngoing } from "../core/state";
import { microphones } from "../rtc/microphone";
import { button, iconButton } from "./button";
import { bind, el, listen } from "./el";
import { icon } from "./icons";
import type { Scene } from "./scene";

export function controls(scene: Scene): HTMLElement {
  const { talk, t, pushToTalk } = scene;
  const state = () => talk.state.get();
  const inVoice = () => isOngoing(state()) && state().mode === "voice";
  const isHidden = () => !(isOngoing(state()) || state().phase === "requesting" || state().phase === "connecting");
  const canTalk = () => isLive(state()) && state().mode === "text" && talk.config.get()?.voice;
  const mute = el(
    "button",
    {
      type: "button",
      class: () => `tool mute${state().muted ? " on" : ""}`,
      "aria-pressed": () => String(state().muted),
      hidden: () => pushToTalk || !inVoice(),
      onclick: () => talk.mute(!state().muted),
    },
    icon("mic"),
    icon("off"),
    el("span", {}, () => t(state().muted ? "unmute" : "mute")),
  );
  return el(
    "footer",
    { hidden: isHidden },
    mute,
    el("div", { class: "hold", hidden: () => !pushToTalk || !inVoice() }, ...(pushToTalk ? [holdToTalk(scene)] : [])),
    microphoneMenu(scene, inVoice),
    button(
      "tool",
      () => t("talkHere"),
      () => void talk.start("voice"),
      "mic",
      { hidden: () => !canTalk() },
    ),
    button(
      "tool end",
      () => t("end"),
      () => talk.end(),
      "end",
      { "aria-label": () => t("endLong") },
    ),
  );
}

/** Held with a finger, the mouse, Space or Enter. */
function holdToTalk({ talk, t }: Scene): HTMLElement {
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

function microphoneMenu({ talk, t }: Scene, isWanted: () => boolean): HTMLElement {
  const isOpen = signal(false);
  const list = el("div", {
    class: "menu",
    role: "menu",
    "aria-label": () => t("microphone"),
    hidden: () => !isOpen.get(),
  });
  const opener = iconButton(
    "more",
    () => t("microphone"),
    () => void toggle(!isOpen.get()),
    "more",
    {
      "aria-haspopup": "menu",
      "aria-expanded": () => String(isOpen.get()),
    },
  );
  const node = el("div", { class: "microphones", hidden: () => !isWanted(), onkeydown: keys }, opener, list);
  bind(() => {
    if (!isWanted()) isOpen.set(false);
  });
  if (navigator.mediaDevices) listen(navigator.mediaDevices, "devicechange", () => isOpen.get() && void toggle(true));
  return node;

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
