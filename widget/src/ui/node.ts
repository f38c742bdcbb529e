/** Builds DOM nodes as they will stay, for pages without signals. Never markup as text. */

export type Plain = string | number | boolean | null | undefined;

export function put(node: Element, name: string, value: Plain): void {
  if (value === false || value == null) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : String(value));
}

/** What no picture should wait for is done this long after it. */
export const CALM_MS = 150;

/** Once the screen has had its next picture and a moment has passed; in a page nobody sees, once it is seen. */
export const afterPicture = (then: () => void): number => requestAnimationFrame(() => setTimeout(then, CALM_MS));

/** Attributes whose names begin with `on` are listeners. */
export function node<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Plain | ((event: never) => void)> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value as EventListener);
    else put(made, name, value);
  }
  made.append(...children);
  return made;
}
