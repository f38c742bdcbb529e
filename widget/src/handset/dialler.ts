/** The telephone at rest: a number to call, its keypad, and who was on the line before. */

import { type Signal, signal } from "../core/signals";
import { button, iconButton } from "../ui/button";
import { bind, el } from "../ui/el";
import type { Phone, Recent } from "./phone";
import type { Texts } from "./texts";
import { keyTone } from "./tones";

const KEYS = [..."123456789*0#"];
const LONG_PRESS_MS = 500;
const NUMBER_MAX = 20;

/** Twelve keys; a long press on 0 is a +. */
export function keypad(texts: Texts, press: (digit: string) => void, plus?: () => void): HTMLElement {
  const key = (digit: string) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isLong = false;
    const more = plus && digit === "0" ? plus : undefined;
    return el(
      "button",
      {
        type: "button",
        "aria-description": more ? texts.longZero : undefined,
        onpointerdown: () => {
          isLong = false;
          if (more)
            timer = setTimeout(() => {
              isLong = true;
              more();
            }, LONG_PRESS_MS);
        },
        onpointerup: () => clearTimeout(timer),
        onpointerleave: () => clearTimeout(timer),
        oncontextmenu: (event: Event) => event.preventDefault(),
        onclick: () => {
          if (!isLong) press(digit);
          isLong = false;
        },
      },
      digit,
      ...(more ? [el("small", { "aria-hidden": "true" }, "+")] : []),
    );
  };
  return el("div", { class: "keys", dir: "ltr", role: "group", "aria-label": texts.keys }, ...KEYS.map(key));
}

export interface Dialler {
  node: HTMLElement;
  /** A key of the keyboard; true when it meant something. */
  type(key: string): boolean;
  number: Signal<string>;
}

export function dialler(phone: Phone, texts: Texts, write: () => void): Dialler {
  const number = signal("");
  const add = (sign: string) => {
    if (/[0-9*#]/.test(sign)) keyTone(sign);
    number.set((number.get() + sign).slice(0, NUMBER_MAX));
  };
  const call = () => void phone.dial(number.get().trim());
  const field: HTMLInputElement = el("input", {
    type: "tel",
    dir: "ltr",
    autocomplete: "off",
    maxlength: NUMBER_MAX,
    "aria-label": texts.number,
    placeholder: "+…",
    oninput: () => number.set(field.value),
    onkeydown: (event: KeyboardEvent) => event.key === "Enter" && call(),
  });
  bind(() => {
    if (field.value !== number.get()) field.value = number.get();
  });
  const erase = () => number.set(number.get().slice(0, -1));
  const recents = el("ul", { class: "recents", "aria-label": texts.recents });
  bind(() => recents.replaceChildren(...phone.recents.get().map((recent) => row(texts, recent, number))));
  const node = el(
    "div",
    { class: "dialler", hidden: () => phone.state.get() !== "idle" },
    el(
      "div",
      { class: "entry", dir: "ltr" },
      field,
      iconButton("erase", () => texts.erase, erase, "close"),
    ),
    keypad(texts, add, () => add("+")),
    recents,
    el(
      "div",
      { class: "acts" },
      button("plain", () => texts.write, write, "write"),
      button("green", () => texts.call, call, "end"),
    ),
  );
  const type = (key: string): boolean => {
    if (/^[0-9*#+]$/.test(key)) add(key);
    else if (key === "Backspace") erase();
    else if (key === "Enter") call();
    else return false;
    return true;
  };
  return { node, type, number };
}

const row = (texts: Texts, { number, way }: Recent, chosen: Signal<string>): HTMLElement =>
  el(
    "li",
    {},
    el(
      "button",
      { type: "button", class: way, onclick: () => chosen.set(number) },
      el("bdi", { dir: "ltr" }, number),
      el("span", {}, texts[way]),
    ),
  );
