/** Tries again what a lost connection broke: when, how often, and when to give up. */

import { waitBefore } from "../core/backoff";

/** What may well be over in a few seconds. */
const PASSING = ["offline", "unreachable", "timeout", "connection_failed", "server_stopping", "internal_error"];

export interface Attempts {
  /** One attempt. */
  work(): Promise<void>;
  /** The code of what an attempt threw. */
  codeOf(thrown: unknown): string;
  isWanted(): boolean;
  /** Is given what ends the present wait at once. */
  onWait(wake: () => void): void;
  now(): number;
}

/** True once an attempt succeeded; false when there is no time for another, or nobody wants it any more.
 * Throws what does not pass by itself. */
export async function persist({ work, codeOf, isWanted, onWait, now }: Attempts): Promise<boolean> {
  const since = now();
  for (let tried = 0; ; tried++) {
    const wait = waitBefore(tried, now() - since);
    if (wait === null) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      onWait(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    if (!isWanted()) return false;
    try {
      await work();
      return true;
    } catch (thrown) {
      if (!PASSING.includes(codeOf(thrown))) throw thrown;
    }
  }
}
