/** Where the keyboard is: kept inside the panel, and never on something that has just gone. */

const FOCUSABLE = "button:not(:disabled),textarea,a[href],[tabindex='0']";

const isSeen = (node: Element): boolean => node.getClientRects().length > 0;

/** What the keyboard should be on, the first that is seen; a text field last, it would bring up a phone's keyboard. */
const FIRST = [".card .main", ".read", ".welcome .main", "footer .tool", "textarea"];

export function focusFirst(dialog: HTMLElement): void {
  const wanted = FIRST.flatMap((place) => [...dialog.querySelectorAll<HTMLElement>(place)]);
  (wanted.find(isSeen) ?? dialog).focus({ preventScroll: true });
}

/** After a change: bring the keyboard back if what it was on is not there any more. */
export function keepFocus(dialog: HTMLElement): void {
  const { activeElement } = dialog.getRootNode() as ShadowRoot;
  if (activeElement === dialog || !activeElement || !isSeen(activeElement)) focusFirst(dialog);
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
