/** What every part of the panel needs: the conversation, the words, and how the host wants it. */

import type { Conversation } from "../core/conversation";
import type { Options } from "../core/options.gen";
import type { Signal } from "../core/signals";
import type { TextKey } from "../i18n/en";

export interface Scene {
  talk: Conversation;
  /** The words for `key` in the present language; reads signals. */
  t(key: TextKey, fill?: Record<string, string>): string;
  /** The agent's name as shown. */
  name(): string;
  greeting(): string;
  /** Reads a signal. */
  options(): Options;
  isOpen: Signal<boolean>;
  /** The browser plays no sound before somebody touches the page. */
  needsTap: Signal<boolean>;
  /** Measures both voices; null where there is none. */
  context(): AudioContext | null;
  /** Breathe with the voices. */
  drawings: SVGElement[];
  /** Tells the page how loud each side is, 0 to 1. */
  tell(levels: { you: number; agent: number }): void;
  close(): void;
}
