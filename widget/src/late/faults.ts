/** The words for every way a conversation can fail, and the way out: stable codes. */

import { writesInstead } from "../core/errors";
import type { LateKey } from "../i18n/en";

/** What the visitor can do: write instead, try again, or nothing here. */
export type WayOut = "text" | "retry" | "none";

/** Words, and the codes they stand for. What a site owner should do is in i18n/hints.ts, row by row. */
const ROWS = [
  ["eDenied", "microphone_denied"],
  ["eDismissed", "microphone_dismissed"],
  ["ePolicy", "microphone_policy"],
  ["eMissing", "microphone_missing"],
  ["eBusy", "microphone_busy"],
  ["eInsecure", "insecure_context"],
  ["eNoRtc", "webrtc_unsupported"],
  ["ePlay", "playback_blocked"],
  ["eVoice", "connection_failed invalid_sdp voice_unavailable"],
  ["eLost", "connection_lost"],
  ["eOffline", "offline"],
  ["eInternal", "unreachable timeout unexpected_answer invalid_json invalid_request not_found internal_error"],
  ["eTooLong", "invalid_message too_large"],
  ["eSetup", "config_mismatch invalid_key origin_missing origin_not_allowed unknown_agent"],
  ["eSession", "session_invalid session_expired session_ended"],
  ["eConsent", "consent_required"],
  ["eCrowded", "rate_limit_exceeded concurrency_limit_reached"],
  ["eRestart", "server_stopping"],
] as const satisfies readonly (readonly [LateKey, string])[];

/** The visitor can do nothing about these. */
const HOPELESS: LateKey[] = ["eTooLong", "eSetup"];

type Split<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Split<Rest> : Text;
export type FaultCode = Split<(typeof ROWS)[number][1]>;

export interface Fault {
  text: LateKey;
  out: WayOut;
}

export const FAULTS = Object.fromEntries(
  ROWS.flatMap(([text, codes]) =>
    codes.split(" ").map((code) => {
      const out: WayOut = writesInstead(code) ? "text" : HOPELESS.includes(text) ? "none" : "retry";
      return [code, { text, out }];
    }),
  ),
) as Record<FaultCode, Fault>;

export const isFault = (code: string): code is FaultCode => Object.hasOwn(FAULTS, code);

/** The row of `code`; codes of a newer server read as an internal error. */
export const faultOf = (code: string): Fault => FAULTS[isFault(code) ? code : "internal_error"];
