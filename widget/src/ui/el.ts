/** Builds DOM nodes, and keeps their attributes and texts in step with signals. Never markup as text. */

import { effect } from "../core/signals";
import { type Plain, put } from "./node";

type Listener = (event: never) => void;
export type Attributes = Record<string, Plain | (() => Plain) | Listener>;
export type Child = Node | string | (() => string);

const SVG = "http://www.w3.org/2000/svg";

let stops: (() => void)[] = [];

/** Build with `work`; the answer's `stop` ends every binding made meanwhile. */
export function owned<T>(work: () => T): { made: T; stop: () => void } {
  const before = stops;
  const mine: (() => void)[] = [];
  stops = mine;
  try {
    return {
      made: work(),
      stop() {
        for (const stop of mine.splice(0)) stop();
      },
    };
  } finally {
    stops = before;
  }
}

/** Run now and whenever a signal it read changes, until the owner stops. */
export const bind = (work: () => void): unknown => stops.push(effect(work));

/** When the owner stops, do this. */
export const atEnd = (work: () => void): unknown => stops.push(work);

/** Listen to `target` until the owner stops. */
export function listen(target: EventTarget, type: string, listener: (event: never) => void): void {
  target.addEventListener(type, listener as EventListener);
  atEnd(() => target.removeEventListener(type, listener as EventListener));
}

function fill<T extends Element>(node: T, attributes: Attributes, children: Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value as EventListener);
    else if (typeof value === "function") bind(() => put(node, name, (value as () => Plain)()));
    else put(node, name, value);
  }
  for (const child of children) {
    if (typeof child === "function") {
      const text = document.createTextNode("");
      bind(() => {
        text.data = tidy(child());
      });
      node.append(text);
    } else node.append(child);
  }
  return node;
}

/** French keeps its marks with the word before them. */
export const tidy = (text: string): string => text.replace(/ ([?!:;»])|(«) /g, "$2\u00a0$1");

export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] => fill(document.createElement(tag), attributes, children);

export const svg = (tag: string, attributes: Attributes, ...children: Child[]): Element =>
  fill(document.createElementNS(SVG, tag), attributes, children);
