/** What opens above the controls: keypad, transfer, or the choice of microphone and speaker. */

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
  const list = devices(scene);
  bind(() => {
    const which = open.get();
    body.replaceChildren(
      ...(which === "keypad" ? keypad(scene) : which === "transfer" ? transfer(scene) : which ? [list] : []),
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

/** Both choices. Whatever is plugged in or out shows at once, and the keyboard stays where it was. */
function devices({ line, t, devices: known }: Scene): HTMLElement {
  const list = el("div", { class: "fields" });
  const refused = ({ code }: { code?: string }) => line.refusal.set(code ?? "internal_error");
  bind(() => {
    const focused = list.contains(document.activeElement) ? document.activeElement?.id : "";
    const microphone = select("microphone", "audioinput", known.microphone, (id) => known.speakInto(id));
    const speaker = select("speaker", "audiooutput", known.speaker.get(), (id) => known.hearThrough(id));
    list.replaceChildren(...(line.role === "listen" ? [] : microphone), ...(known.hasSpeakers ? speaker : []));
    if (focused) list.querySelector<HTMLElement>(`#${focused}`)?.focus();
  });
  return list;

  function select(
    id: "microphone" | "speaker",
    kind: MediaDeviceKind,
    used: string,
    choose: (id: string) => Promise<void>,
  ): HTMLElement[] {
    const box: HTMLSelectElement = el(
      "select",
      { id, onchange: () => void choose(box.value).catch(refused) },
      el("option", { value: "" }, t("standard")),
      ...known
        .of(kind)
        .map(({ deviceId, label }, at) =>
          el("option", { value: deviceId, selected: deviceId === used }, label || `${t(id)} ${at + 1}`),
        ),
    );
    return [el("label", { for: id }, t(id)), box];
  }
}
