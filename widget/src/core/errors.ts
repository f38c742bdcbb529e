/** Every way a conversation can fail: stable codes, each with words for the visitor and a way out. */

import type { TextKey } from "../i18n/en";

/** What the visitor can do: write instead, try again, or nothing here. */
export type WayOut = "text" | "retry" | "none";

/** Words, way out, and the codes they stand for. What a site owner should do is in i18n/hints.ts, row by row. */
const ROWS = [
  ["eDenied", "text", "microphone_denied"],
  ["eDismissed", "text", "microphone_dismissed"],
  ["ePolicy", "text", "microphone_policy"],
  ["eMissing", "text", "microphone_missing"],
  ["eBusy", "text", "microphone_busy"],
  ["eInsecure", "text", "insecure_context"],
  ["eNoRtc", "text", "webrtc_unsupported"],
  ["ePlay", "retry", "playback_blocked"],
  ["eVoice", "text", "connection_failed invalid_sdp voice_unavailable"],
  ["eLost", "retry", "connection_lost"],
  ["eOffline", "retry", "offline"],
  ["eInternal", "retry", "unreachable timeout unexpected_answer invalid_json invalid_request not_found internal_error"],
  ["eTooLong", "none", "invalid_message too_large"],
  ["eSetup", "none", "config_mismatch invalid_key origin_missing origin_not_allowed unknown_agent"],
  ["eSession", "retry", "session_invalid session_expired session_ended"],
  ["eConsent", "retry", "consent_required"],
  ["eCrowded", "retry", "rate_limit_exceeded concurrency_limit_reached"],
  ["eRestart", "retry", "server_stopping"],
] as const satisfies readonly (readonly [TextKey, WayOut, string])[];

type Split<Text extends string> = Text extends `${infer First} ${infer Rest}` ? First | Split<Rest> : Text;
export type FaultCode = Split<(typeof ROWS)[number][2]>;

export interface Fault {
  text: TextKey;
  out: WayOut;
}

export const FAULTS = /* @__PURE__ */ Object.fromEntries(
  /* @__PURE__ */ ROWS.flatMap(([text, out, codes]) => codes.split(" ").map((code) => [code, { text, out }])),
) as Record<FaultCode, Fault>;

/** Something went wrong that has a stable code. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message = code,
  ) {
    super(message);
  }
}

export const isFault = (code: string): code is FaultCode => Object.hasOwn(FAULTS, code);

/** The row of `code`; codes of a newer server read as an internal error. */
export const faultOf = (code: string): Fault => FAULTS[isFault(code) ? code : "internal_error"];

export const isSessionGone = (code: string): boolean => /^session_/.test(code);

/** The code of anything that was thrown. */
export const codeOf = (thrown: unknown): string => (thrown instanceof Problem ? thrown.code : "internal_error");
