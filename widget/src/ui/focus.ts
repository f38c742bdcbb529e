/** Where the keyboard is: kept inside the panel, and never on something that has just gone. */

import type { Phase } from "../core/state";

const FOCUSABLE = "button:not(:disabled),textarea,a[href],[tabindex='0']";

const isSeen = (node: Element): boolean => node.getClientRects().length > 0;

/** What the keyboard should be on first, in each phase; a text field last, it would bring up a phone's keyboard. */
const FIRST: Partial<Record<Phase, string>> = {
  idle: ".welcome .main",
  consent: ".read",
  ended: ".card .main",
  error: ".card .main",
};

export function focusFirst(dialog: HTMLElement, phase: Phase): void {
  const wanted = [FIRST[phase] ?? "footer .tool", "textarea"].flatMap((place) => [
    ...dialog.querySelectorAll<HTMLElement>(place),
  ]);
  (wanted.find(isSeen) ?? dialog).focus({ preventScroll: true });
}

/** After a change: bring the keyboard back if what it was on is not there any more. */
export function keepFocus(dialog: HTMLElement, phase: Phase): void {
  const { activeElement } = dialog.getRootNode() as ShadowRoot;
  if (activeElement && activeElement !== dialog && isSeen(activeElement)) return;
  focusFirst(dialog, phase);
}

export function trap(dialog: HTMLElement, event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const places = [...dialog.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    (node) => isSeen(node) && node.tabIndex >= 0,
  );
  const { activeElement } = dialog.getRootNode() as ShadowRoot;
  const [from, to] = event.shiftKey ? [places[0], places.at(-1)] : [places.at(-1), places[0]];
  if (activeElement !== from && activeElement !== dialog) return;
  event.preventDefault();
  to?.focus();
}
