/** What every part of the softphone's view works with, and the words for its state. */

import type { Signal } from "../core/signals";
import type { Devices } from "./devices";
import type { T } from "./i18n";
import type { Line } from "./line";
import type { TextKey } from "./texts/en";

export type Drawer = "" | "keypad" | "transfer" | "sound";

export interface Scene {
  line: Line;
  t: T;
  drawer: Signal<Drawer>;
  /** Seconds of the conversation, to now. */
  seconds: Signal<number>;
  needsTap: Signal<boolean>;
  play: () => void;
  audio: HTMLAudioElement;
  devices: Devices;
}

/** The one word a glance should find; also the name of its colour. */
export function shownState({ line }: Scene): TextKey {
  const { state, held } = line.call.get();
  const link = line.state.get();
  if (state === "ended") return "ended";
  if (link === "asking" || link === "lost" || link === "connecting") return link;
  if (state === "in_progress") return held ? "held" : "on";
  if (state === "dialing" || state === "ringing" || state === "transferring") return state;
  return "waiting";
}

/** 02:14, or 1:02:14. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const pair = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${pair(Math.floor(whole / 60) % 60)}:${pair(whole % 60)}`;
}
