/** Tries again what a lost connection broke: when, how often, and when to give up. */

import { waitBefore } from "../core/backoff";
import type { Conversation } from "../core/conversation";
import { newId, type Transcript } from "../core/transcript";

/** What may well be over in a few seconds. */
const PASSING = ["offline", "unreachable", "timeout", "connection_failed", "server_stopping", "internal_error"];

export interface Attempts {
  /** One attempt. */
  work(): Promise<void>;
  /** The code of what an attempt threw. */
  codeOf(thrown: unknown): string;
  isWanted(): boolean;
}

/** True once an attempt succeeded; false when there is no time for another, or nobody wants it any more.
 * Throws what does not pass by itself. */
export async function persist(talk: Conversation, { work, codeOf, isWanted }: Attempts): Promise<boolean> {
  const since = performance.now();
  for (let tried = 0; ; tried++) {
    const wait = waitBefore(tried, performance.now() - since);
    if (wait === null) return false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, wait);
      talk.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    if (!isWanted()) return false;
    try {
      await work();
      markGap(talk.transcript);
      return true;
    } catch (thrown) {
      if (!PASSING.includes(codeOf(thrown))) throw thrown;
    }
  }
}

/** The connection was lost for a moment, after what is there. */
function markGap({ messages, seen }: Transcript): void {
  const said = messages.get();
  if (!said.length) return;
  messages.set([...said, { id: newId(), seq: seen(), role: "gap", text: "", final: true, via: "voice" }]);
}
