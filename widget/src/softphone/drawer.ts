/** What opens above the controls: keypad, transfer, or the choice of microphone and speaker. */

import { microphones } from "../rtc/microphones";
import { bind, el } from "../ui/el";
import { phoneIcon } from "./icons";
import type { Scene } from "./scene";

/** As long as a key is seen to be down: about as long as its tone. */
const LIT_MS = 180;
let dimming: ReturnType<typeof setTimeout> | undefined;

const KEYS = [..."123456789*0#"];

export function drawer(scene: Scene): HTMLElement {
  const { t, drawer: open } = scene;
  const title = el("h2", { tabindex: "-1" }, () => (open.get() ? t(open.get() || "sound") : ""));
  const body = el("div", { class: "body" });
  const node = el(
    "section",
    {
      class: "drawer",
      id: "drawer",
      hidden: () => !open.get(),
      "aria-label": () => (open.get() ? t(open.get() || "sound") : null),
    },
    el(
      "div",
      { class: "bar" },
      title,
      el(
        "button",
        {
          type: "button",
          class: "round",
          "aria-label": () => t("close"),
          title: () => t("close"),
          onclick: () => close(scene),
        },
        phoneIcon("close"),
      ),
    ),
    body,
  );
  bind(() => {
    const which = open.get();
    body.replaceChildren(
      ...(which === "keypad" ? keypad(scene) : which === "transfer" ? transfer(scene) : which ? devices(scene) : []),
    );
    if (which) queueMicrotask(() => (body.querySelector<HTMLElement>("button,input,select") ?? title).focus());
  });
  return node;
}

/** Close what is open; the keyboard goes back to the button that opened it. */
export function close({ drawer: open }: Scene): void {
  const which = open.get();
  open.set("");
  document.querySelector<HTMLElement>(`.tool.${which}`)?.focus();
}

export function press({ line }: Scene, digit: string): void {
  line.send({ type: "dtmf", digits: digit });
  const shown = document.querySelector("#digits");
  if (shown) shown.textContent = `${shown.textContent}${digit}`.slice(-20);
  const key = document.querySelector<HTMLElement>(`.keys [data-key="${digit}"]`);
  for (const lit of document.querySelectorAll(".keys .lit")) lit.classList.remove("lit");
  clearTimeout(dimming);
  key?.classList.add("lit");
  dimming = setTimeout(() => key?.classList.remove("lit"), LIT_MS);
}

function keypad(scene: Scene): HTMLElement[] {
  const keys = KEYS.map((digit) =>
    el("button", { type: "button", "data-key": digit, onclick: () => press(scene, digit) }, digit),
  );
  return [el("output", { id: "digits", dir: "ltr" }), el("div", { class: "keys", dir: "ltr" }, ...keys)];
}

function transfer(scene: Scene): HTMLElement[] {
  const { line, t } = scene;
  const number = el("input", {
    type: "tel",
    dir: "ltr",
    id: "transfer-to",
    autocomplete: "off",
    required: true,
    maxlength: "40",
    placeholder: "+33 1 23 45 67 89",
    "aria-describedby": "transfer-hint",
  });
  const form = el(
    "form",
    {
      onsubmit: (event: Event) => {
        event.preventDefault();
        if (line.send({ type: "transfer", to: number.value.trim(), id: "transfer" })) close(scene);
      },
    },
    el("label", { for: "transfer-to" }, t("transferTo")),
    number,
    el("p", { id: "transfer-hint" }, t("transferHint")),
    el("button", { type: "submit", class: "main" }, t("transferGo")),
  );
  return [form];
}

function devices({ line, t, audio }: Scene): HTMLElement[] {
  const list = el("div", { class: "fields" });
  void microphones().then((found) => {
    if (line.role !== "listen") {
      const used = line.mine.get()?.getAudioTracks()[0]?.getSettings().deviceId ?? "";
      list.prepend(...select("microphone", t("microphone"), found, used, (id) => void line.choose(id)));
    }
  });
  if (typeof audio.setSinkId === "function") {
    void navigator.mediaDevices?.enumerateDevices().then((found) => {
      const outputs = found.filter(({ kind, deviceId }) => kind === "audiooutput" && deviceId);
      list.append(
        ...select("speaker", t("speaker"), outputs, audio.sinkId, (id) => void audio.setSinkId(id).catch(() => {})),
      );
    });
  }
  return [list];

  function select(id: string, name: string, found: MediaDeviceInfo[], used: string, choose: (id: string) => void) {
    const box: HTMLSelectElement = el(
      "select",
      { id, onchange: () => choose(box.value) },
      el("option", { value: "" }, t("standard")),
      ...found
        .filter(({ deviceId }) => deviceId !== "default")
        .map(({ deviceId, label }, at) =>
          el("option", { value: deviceId, selected: deviceId === used }, label || `${name} ${at + 1}`),
        ),
    );
    return [el("label", { for: id }, name), box];
  }
}
