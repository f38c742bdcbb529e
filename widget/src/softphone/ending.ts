/** How a call ended, in a word for its head, and why, in a sentence for what follows. */

import type { T } from "./i18n";
import type { Call } from "./protocol";
import type { TextKey } from "./texts/en";

const WORDS: Record<string, TextKey> = {
  busy: "busy",
  no_answer: "no_answer",
  failed: "failed",
  canceled: "canceled",
  error: "brokenOff",
};

/** Why it ended, by the code the server gives: word for the head if the outcome has no better one, sentence. */
const REASONS: Record<string, { word?: TextKey; why: TextKey }> = {
  callee_hung_up: { why: "yCallee" },
  agent_hung_up: { why: "yAgent" },
  busy: { why: "yBusy" },
  no_answer: { why: "yNoAnswer" },
  declined: { word: "declined", why: "yDeclined" },
  unreachable: { word: "unreachable", why: "yUnreachable" },
  failed: { why: "yFailed" },
  media_lost: { word: "brokenOff", why: "yMedia" },
  server_restarted: { why: "yServer" },
  server_stopped: { why: "yServer" },
  overloaded: { why: "yServer" },
  agent_never_joined: { why: "yLate" },
  agent_left: { why: "yAgentGone" },
  agent_busy: { why: "yAgentPhone" },
  agent_declined: { why: "yAgentPhone" },
  agent_no_answer: { why: "yAgentPhone" },
  agent_unreachable: { why: "yAgentPhone" },
  agent_failed: { why: "yAgentPhone" },
  hung_up_by_api: { why: "yApi" },
};

/** "busy" of "Ended (busy)"; empty when there is nothing to add. */
export function endWord({ outcome, reason }: Call, t: T): string {
  const key = REASONS[reason ?? ""]?.word ?? WORDS[outcome ?? ""];
  return key ? t(key) : "";
}

/** One sentence; empty for a reason this page does not know, and for the agent's own hanging up. */
export function whyEnded({ reason }: Call, isAgent: boolean, t: T): string {
  const why = REASONS[reason ?? ""]?.why;
  return why && !(isAgent && why === "yAgent") ? t(why) : "";
}
