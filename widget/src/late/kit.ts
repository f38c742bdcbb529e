/** What the panel hands to the late chunk, and what the late chunk hands back: no name here may begin with `_`. */

import type { codeOf } from "../core/errors";
import type { Chunk } from "../core/panel_contract";
import type { signal } from "../core/signals";
import type { openWritten } from "../rtc/written";
import type { arcs } from "../ui/arcs";
import type { button, iconButton } from "../ui/button";
import type { atEnd, bind, el, listen } from "../ui/el";
import type { face } from "../ui/header";
import type { icon } from "../ui/icons";
import type { Scene } from "../ui/scene";
import type { beSure, goOn } from "./go_on";
import type { help } from "./help";
import type { persist } from "./persist";

/** The panel's own functions: a second copy of them would not know the first one's signals. */
export interface Kit {
  el: typeof el;
  bind: typeof bind;
  atEnd: typeof atEnd;
  listen: typeof listen;
  signal: typeof signal;
  button: typeof button;
  iconButton: typeof iconButton;
  icon: typeof icon;
  codeOf: typeof codeOf;
  arcs: typeof arcs;
  face: typeof face;
}

export type Load = (chunk: Chunk) => Promise<unknown>;

/** Ways to the server that most first calls do not take. */
export interface Ways {
  openWritten: typeof openWritten;
  persist: typeof persist;
  goOn: typeof goOn;
  beSure: typeof beSure;
  help: typeof help;
}

export interface Late extends Ways {
  /** The late words in English. */
  texts: Record<string, string>;
  /** The late words in `language`; rejects when they cannot be had. */
  words(load: Load, language: string): Promise<Record<string, string>>;
  /** Tells the site owner on the console what to do about an error; nothing when that cannot be had. */
  hint(load: Load, code: string): void;
  /** The stable code for why the microphone did not open. */
  microphoneFault(thrown: { name: string; message: string }): string;
  css: string;
  /** Puts notes, closing screens and the footer's rarer tools into the dialog; call it inside `owned`. */
  mount(kit: Kit, scene: Scene, dialog: HTMLElement): void;
}
