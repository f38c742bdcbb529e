/** The virtual handset's entry, the page /handset: a telephone that rings, is answered, and hangs up. */

import { effect, signal } from "./core/signals";
import { Phone } from "./handset/phone";
import { style } from "./handset/style";
import { speak } from "./handset/texts";
import { bell, keyTone } from "./handset/tones";
import { button } from "./ui/button";
import { el } from "./ui/el";

const ticket = new URLSearchParams(location.search).get("t") ?? "";
const texts = speak();
const phone = new Phone(ticket);
const seconds = signal(0);
const is = (...states: string[]) => states.includes(phone.state.get());
const two = (count: number) => String(count).padStart(2, "0");
const headline = () => (phone.failure.get() ? texts.microphone : texts[phone.state.get()]);

function view(): HTMLElement {
  const press = (digit: string) => {
    keyTone(digit);
    phone.press(digit);
  };
  const key = (digit: string) => el("button", { type: "button", onclick: () => press(digit) }, digit);
  return el(
    "main",
    { class: "handset", "data-state": () => phone.state.get() },
    el("p", { class: "own", dir: "ltr" }, () => phone.number.get()),
    el("div", { role: "status" }, el("h1", {}, headline)),
    el(
      "p",
      { class: "from", dir: "ltr", hidden: () => !is("ringing", "connecting", "talking") },
      () => phone.from.get() || texts.unknown,
    ),
    el(
      "p",
      { class: "time", hidden: () => !is("talking") },
      () => `${two(Math.floor(seconds.get() / 60))}:${two(seconds.get() % 60)}`,
    ),
    el("p", { class: "digits", dir: "ltr", hidden: () => !phone.digits.get() }, () => phone.digits.get()),
    el(
      "div",
      { class: "keys", dir: "ltr", role: "group", "aria-label": texts.keys, hidden: () => !is("talking") },
      ...[..."123456789*0#"].map(key),
    ),
    el(
      "div",
      { class: "acts" },
      button("red", () => texts.decline, phone.decline, "end", { hidden: () => !is("ringing") }),
      button(
        "green",
        () => texts.answer,
        () => void phone.answer(),
        "sound",
        { hidden: () => !is("ringing") },
      ),
      button(
        "plain",
        () => texts.mute,
        () => phone.mute(!phone.isMuted.get()),
        "mic",
        {
          hidden: () => !is("talking"),
          "aria-pressed": () => String(phone.isMuted.get()),
        },
      ),
      button("red", () => texts.hangup, phone.hangup, "end", { hidden: () => !is("connecting", "talking") }),
      button(
        "plain",
        () => texts.again,
        () => phone.open(),
        undefined,
        { hidden: () => !is("lost", "taken") },
      ),
    ),
  );
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets = [sheet];
const audio = el("audio", { autoplay: true, playsinline: true });
document.body.replaceChildren(view(), audio);
effect(() => {
  audio.srcObject = phone.theirs.get();
});
let quiet: (() => void) | undefined;
let counting: ReturnType<typeof setInterval> | undefined;
effect(() => {
  const state = phone.state.get();
  quiet?.();
  clearInterval(counting);
  quiet = state === "ringing" ? bell() : undefined;
  if (state !== "talking") return;
  const since = Date.now();
  seconds.set(0);
  counting = setInterval(() => seconds.set(Math.floor((Date.now() - since) / 1000)), 500);
});
phone.open();
