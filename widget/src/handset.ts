/** The virtual handset's entry, the page /handset: a telephone that rings and calls, and writes text messages. */

import { effect, signal } from "./core/signals";
import { dialler, keypad } from "./handset/dialler";
import { messageSheet } from "./handset/messages";
import { Phone } from "./handset/phone";
import { style } from "./handset/style";
import { speak } from "./handset/texts";
import { takeTicket } from "./handset/ticket";
import { bell, keyTone, ringback } from "./handset/tones";
import { button } from "./ui/button";
import { el } from "./ui/el";

const phone = new Phone(takeTicket());
const texts = speak();
const seconds = signal(0);
const is = (...states: string[]) => states.includes(phone.state.get());
const two = (count: number) => String(count).padStart(2, "0");
const headline = () => texts[phone.refusal.get() || phone.state.get()];
const dial = dialler(phone, texts, () => sheet.open());
const sheet = messageSheet(phone, texts, dial.number);

const press = (digit: string) => {
  keyTone(digit);
  phone.press(digit);
};

function view(): HTMLElement {
  return el(
    "main",
    { class: "handset", "data-state": () => phone.state.get() },
    el("p", { class: "own", dir: "ltr" }, () => phone.number.get()),
    el("div", { role: "status" }, el("h1", {}, headline)),
    el(
      "p",
      { class: "from", dir: "ltr", hidden: () => !is("calling", "ringing", "connecting", "talking") },
      () => phone.other.get() || texts.unknown,
    ),
    el(
      "p",
      { class: "time", hidden: () => !is("talking") },
      () => `${two(Math.floor(seconds.get() / 60))}:${two(seconds.get() % 60)}`,
    ),
    el("p", { class: "digits", dir: "ltr", hidden: () => !phone.digits.get() }, () => phone.digits.get()),
    el("div", { class: "pad", hidden: () => !is("talking") }, keypad(texts, press)),
    dial.node,
    el(
      "div",
      { class: "acts", hidden: () => is("idle", "opening") },
      button("red", () => texts.decline, phone.decline, "end", { hidden: () => !is("ringing") }),
      button(
        "green",
        () => texts.answer,
        () => void phone.answer(),
        "end",
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
      button("red", () => texts.hangup, phone.hangup, "end", { hidden: () => !is("calling", "connecting", "talking") }),
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

const looks = new CSSStyleSheet();
looks.replaceSync(style);
document.adoptedStyleSheets = [looks];
const audio = el("audio", { autoplay: true, playsinline: true });
document.body.replaceChildren(view(), sheet.node, audio);
document.addEventListener("keydown", (event) => {
  const isElsewhere = event.target instanceof Element && event.target.closest("input,textarea,dialog");
  if (isElsewhere || event.ctrlKey || event.metaKey || event.altKey) return;
  // Enter on a button is that button's.
  const isButton = event.target instanceof Element && event.target.closest("button");
  if (is("idle") && !(isButton && event.key === "Enter")) {
    if (dial.type(event.key)) event.preventDefault();
  } else if (is("talking") && /^[0-9*#]$/.test(event.key)) press(event.key);
});
effect(() => {
  audio.srcObject = phone.theirs.get();
});
let quiet: (() => void) | undefined;
let counting: ReturnType<typeof setInterval> | undefined;
effect(() => {
  const state = phone.state.get();
  quiet?.();
  clearInterval(counting);
  quiet = state === "ringing" ? bell() : state === "calling" ? ringback() : undefined;
  if (state !== "talking") return;
  const since = Date.now();
  seconds.set(0);
  counting = setInterval(() => seconds.set(Math.floor((Date.now() - since) / 1000)), 500);
});
phone.open();
