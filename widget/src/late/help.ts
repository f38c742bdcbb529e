/** Ways on when a connection could not be had: the terms are read again, or what cannot be said is written. */

import type { Conversation } from "../core/conversation";
import { writesInstead } from "../core/errors";
import type { Mode } from "../core/state";

/** False when there is none. `code` is that of what was `thrown`. */
export function help(talk: Conversation, mode: Mode, thrown: unknown, code: string): boolean {
  if (code === "consent_required") {
    talk.visit.disagree();
    talk.say(thrown);
    talk.move({ type: "restart" });
    void talk.start(mode);
    return true;
  }
  if (mode !== "voice" || !writesInstead(code)) return false;
  talk.say(thrown);
  talk.sound.release();
  if (talk.link) talk.move({ type: "live" });
  else void talk.begin("text");
  return true;
}
