/** A button with an icon and words, the same everywhere. */

import { type Attributes, el } from "./el";
import { type IconName, icon } from "./icons";

export const button = (
  look: string | (() => string),
  words: () => string,
  press: () => void,
  name?: IconName,
  more: Attributes = {},
) =>
  el(
    "button",
    { type: "button", class: look, onclick: press, ...more },
    ...(name ? [icon(name)] : []),
    el("span", {}, words),
  );

/** Only an icon, ours or drawn by `path`; the words are its label. */
export const iconButton = (
  look: string,
  words: () => string,
  press: () => void,
  name: string,
  more: Attributes = {},
  path?: string,
) =>
  el(
    "button",
    { type: "button", class: `round ${look}`, "aria-label": words, title: words, onclick: press, ...more },
    icon(name, path),
  );
