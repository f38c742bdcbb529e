/** Why there is no call here: each failure with its own words, its sign, and a way on if there is one. */

import { el } from "../ui/el";
import type { T } from "./i18n";
import { type PhoneIcon, phoneIcon } from "./icons";
import type { TextKey } from "./texts/en";

interface Face {
  sign: PhoneIcon;
  title: TextKey;
  hint: TextKey;
  /** Trying again can help. */
  again?: true;
}

const FACES: Record<string, Face> = {
  link_used: { sign: "link", title: "fUsed", hint: "fUsedHint" },
  link_expired: { sign: "link", title: "fExpired", hint: "again" },
  link_invalid: { sign: "link", title: "fInvalid", hint: "again" },
  session_invalid: { sign: "link", title: "fExpired", hint: "again" },
  session_ended: { sign: "end", title: "fEnded", hint: "over" },
  call_ended: { sign: "end", title: "fEnded", hint: "fEndedHint" },
  agent_already_present: { sign: "off", title: "fPresent", hint: "fPresentHint", again: true },
  microphone_denied: { sign: "off", title: "fDenied", hint: "fDeniedHint", again: true },
  microphone_dismissed: { sign: "off", title: "fDenied", hint: "allow", again: true },
  microphone_policy: { sign: "off", title: "fPolicy", hint: "fPolicyHint" },
  microphone_missing: { sign: "off", title: "fMissing", hint: "fMissingHint", again: true },
  microphone_busy: { sign: "off", title: "fBusy", hint: "fBusyHint", again: true },
  insecure_context: { sign: "off", title: "fInsecure", hint: "fInsecureHint" },
  webrtc_unsupported: { sign: "off", title: "fNoRtc", hint: "fNoRtcHint" },
  connection_lost: { sign: "link", title: "fLost", hint: "fLostHint", again: true },
  offline: { sign: "link", title: "fLost", hint: "fLostHint", again: true },
  unreachable: { sign: "link", title: "fLost", hint: "fLostHint", again: true },
  timeout: { sign: "link", title: "fLost", hint: "fLostHint", again: true },
  call_transferred: { sign: "check", title: "fTransferred", hint: "fTransferredHint" },
  left_call: { sign: "check", title: "fGone", hint: "fGoneHint" },
  left: { sign: "check", title: "fLeft", hint: "fLeftHint" },
};
const UNKNOWN: Face = { sign: "link", title: "fOther", hint: "fOtherHint", again: true };

/** Ways to leave a call that goes on: nothing failed. */
const CALM = /^(left|call_transferred)$/;

export interface Ways {
  /** Offers to end the call for everybody. */
  end?: (() => void) | undefined;
  /** What is still to be written down. */
  more?: HTMLElement | undefined;
}

export function failureView(t: T, code: string, retry: () => void, { end, more }: Ways = {}): HTMLElement {
  const { sign, title, hint, again } = FACES[code] ?? UNKNOWN;
  const ways = [
    ...(again ? [el("button", { type: "button", class: "main", onclick: retry }, t("retry"))] : []),
    ...(end ? [el("button", { type: "button", class: "quiet", onclick: end }, t("endLong"))] : []),
  ];
  return el(
    "main",
    { class: "failure", "data-code": code },
    el("div", { class: "sign" }, phoneIcon(sign)),
    el("h1", { tabindex: "-1" }, t(title)),
    el("p", {}, t(hint)),
    ...(ways.length ? [el("div", { class: "ways" }, ...ways)] : []),
    ...(more ? [more] : []),
    ...(CALM.test(code) ? [] : [el("p", { class: "code", dir: "ltr" }, code)]),
  );
}
