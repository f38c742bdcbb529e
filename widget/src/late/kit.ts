/** What the panel hands to the late chunk, and what the late chunk hands back: no name here may begin with `_`. */

import type { codeOf } from "../core/errors";
import type { signal } from "../core/signals";
import type { openSocket } from "../rtc/socket";
import type { button } from "../ui/button";
import type { bind, el, listen } from "../ui/el";
import type { icon } from "../ui/icons";
import type { Scene } from "../ui/scene";

/** The panel's own functions: a second copy of them would not know the first one's signals. */
export interface Kit {
  el: typeof el;
  bind: typeof bind;
  listen: typeof listen;
  signal: typeof signal;
  button: typeof button;
  icon: typeof icon;
  codeOf: typeof codeOf;
}

export interface Late {
  openSocket: typeof openSocket;
  /** The late words in English. */
  texts: Record<string, string>;
  css: string;
  /** Puts notes, closing screens and the footer's rarer tools into the dialog; call it inside `owned`. */
  mount(kit: Kit, scene: Scene, dialog: HTMLElement, opener: HTMLElement): { toggleMenu(): void };
}
