/** What the panel hands to the late chunk, and what the late chunk hands back: no name here may begin with `_`. */

import type { codeOf } from "../core/errors";
import type { Chunk } from "../core/panel_contract";
import type { signal } from "../core/signals";
import type { openWritten } from "../rtc/written";
import type { button } from "../ui/button";
import type { atEnd, bind, el, listen } from "../ui/el";
import type { icon } from "../ui/icons";
import type { Scene } from "../ui/scene";
import type { persist } from "./persist";

/** The panel's own functions: a second copy of them would not know the first one's signals. */
export interface Kit {
  el: typeof el;
  bind: typeof bind;
  atEnd: typeof atEnd;
  listen: typeof listen;
  signal: typeof signal;
  button: typeof button;
  icon: typeof icon;
  codeOf: typeof codeOf;
}

export type Load = (chunk: Chunk) => Promise<unknown>;

export interface Late {
  openWritten: typeof openWritten;
  persist: typeof persist;
  /** The late words in English. */
  texts: Record<string, string>;
  /** The late words in `language`; rejects when they cannot be had. */
  words(load: Load, language: string): Promise<Record<string, string>>;
  /** What a site owner should do, by error code; rejects when that cannot be had. */
  hints(load: Load): Promise<Record<string, string>>;
  css: string;
  /** Puts notes, closing screens and the footer's rarer tools into the dialog; call it inside `owned`. */
  mount(kit: Kit, scene: Scene, dialog: HTMLElement, opener: HTMLElement): { toggleMenu(): void };
}
