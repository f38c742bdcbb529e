/** The one row of controls: mute, hold, keypad, transfer, sound, end; what a role may not do is not there. */

import { type Attributes, bind, el } from "../ui/el";
import { type PhoneIcon, phoneIcon } from "./icons";
import type { Drawer, Scene } from "./scene";

export const me = ({ line }: Scene) => line.call.get().participants.find(({ is_you }) => is_you);

export const toggleMute = (scene: Scene): void => {
  scene.line.send({ type: "mute", on: !me(scene)?.muted });
};

export const toggleHold = ({ line }: Scene): void => {
  line.send({ type: "hold", on: !line.call.get().held });
};

interface Tool {
  name: string;
  sign: () => PhoneIcon;
  words: () => string;
  press: () => void;
  more?: Attributes;
}

export function controls(scene: Scene): HTMLElement {
  const { line } = scene;
  const mine = {
    agent: [mute, hold, keypad, transfer, sound, end],
    talk: [mute, sound, leave],
    listen: [sound, leave],
  }[line.role];
  return el("footer", {}, ...mine.map((make) => tool(make(scene))));
}

const isOff = ({ line }: Scene) => line.state.get() !== "on";
const isNotTalking = (scene: Scene) => isOff(scene) || scene.line.call.get().state !== "in_progress";

function mute(scene: Scene): Tool {
  const isOn = () => !!me(scene)?.muted;
  return {
    name: "mute",
    sign: () => (isOn() ? "off" : "mic"),
    words: () => scene.t(isOn() ? "unmute" : "mute"),
    press: () => toggleMute(scene),
    more: { "aria-keyshortcuts": "M", "data-on": () => isOn(), disabled: () => isOff(scene) },
  };
}

function hold(scene: Scene): Tool {
  const isOn = () => scene.line.call.get().held;
  return {
    name: "hold",
    sign: () => (isOn() ? "resume" : "hold"),
    words: () => scene.t(isOn() ? "resume" : "hold"),
    press: () => toggleHold(scene),
    more: { "aria-keyshortcuts": "H", "data-on": () => isOn(), disabled: () => isNotTalking(scene) },
  };
}

function opener({ drawer, t }: Scene, name: Exclude<Drawer, "">, sign: PhoneIcon, disabled: () => boolean): Tool {
  const isOpen = () => drawer.get() === name;
  return {
    name,
    sign: () => sign,
    words: () => t(name),
    press: () => drawer.set(isOpen() ? "" : name),
    more: { "aria-expanded": () => String(isOpen()), "aria-controls": "drawer", disabled },
  };
}

const keypad = (scene: Scene) => opener(scene, "keypad", "keypad", () => isNotTalking(scene));
const transfer = (scene: Scene) => opener(scene, "transfer", "transfer", () => isNotTalking(scene));
const sound = (scene: Scene) => opener(scene, "sound", "sound", () => false);

const end = ({ line, t }: Scene): Tool => ({
  name: "end",
  sign: () => "end",
  words: () => t("end"),
  press: () => void line.hangup(),
  more: { "aria-label": () => t("endLong") },
});

const leave = ({ line, t }: Scene): Tool => ({
  name: "leave",
  sign: () => "close",
  words: () => t("leave"),
  press: () => line.leave(),
});

function tool({ name, sign, words, press, more = {} }: Tool): HTMLElement {
  const face = el("span", { class: "face" });
  swap(face, sign);
  return el(
    "button",
    { type: "button", class: `tool ${name}`, onclick: press, title: words, "aria-label": words, ...more },
    face,
    el("span", { class: "caption" }, words),
  );
}

function swap(face: HTMLElement, name: () => PhoneIcon): void {
  let shown: PhoneIcon | "" = "";
  bind(() => {
    const next = name();
    if (next === shown) return;
    shown = next;
    face.replaceChildren(phoneIcon(next));
  });
}
