/** What a host page is told of a call: the call in its words, and what changed between two looks at it. */

import type { FrameEvent } from "../frame/protocol";
import type { Call, Role } from "./protocol";

/** The call as host pages see it. Nothing in it opens anything. */
export function publicCall(call: Call): Record<string, unknown> {
  const you = call.participants.find((one) => one.is_you);
  return {
    id: call.id,
    externalId: call.external_id ?? null,
    kind: call.kind,
    direction: call.direction,
    state: call.state,
    outcome: call.outcome,
    reason: call.reason,
    from: call.from,
    to: call.to,
    name: call.name,
    answeredAt: call.answered_at,
    durationS: call.duration_s,
    held: call.held,
    muted: !!you?.muted,
    recording: call.recording,
    transcript: call.transcript,
  };
}

const BY_STATE: Partial<Record<Call["state"], string>> = {
  ringing: "call.ringing",
  in_progress: "call.answered",
  transferring: "call.transferring",
};

/** The first look at a call: what a CRM needs to open the right record. */
export function firstTold(call: Call): FrameEvent[] {
  const isIncoming = call.direction === "inbound";
  const popped = {
    direction: call.direction,
    number: isIncoming ? call.from : call.to,
    name: call.name,
    externalId: call.external_id ?? null,
    callId: call.id,
  };
  return [
    { type: isIncoming ? "call.incoming" : "call.outgoing", payload: { call: publicCall(call) } },
    { type: "screenpop", payload: popped },
  ];
}

/** What happened between `before` (null: the first look) and `now`, in order; `call.changed` last, when anything did. */
export function told(before: Call | null, now: Call, role: Role): FrameEvent[] {
  const call = publicCall(now);
  const was = before && publicCall(before);
  const said: FrameEvent[] = before ? [] : firstTold(now);
  const step = BY_STATE[now.state];
  if (step && now.state !== before?.state && !(step === "call.answered" && before?.answered_at)) {
    said.push({ type: step, payload: { call } });
  }
  if (now.held !== (before?.held ?? false)) said.push({ type: "call.held", payload: { on: now.held } });
  if (call.muted !== (was?.muted ?? false)) said.push({ type: "call.muted", payload: { on: call.muted } });
  if (now.state === "ended" && before?.state !== "ended") {
    const { outcome, reason } = now;
    said.push({ type: "call.ended", payload: { outcome, reason, durationMs: now.duration_s * 1000, call } });
  }
  const kept = now.wrap_up;
  const isNew = kept && JSON.stringify(kept) !== JSON.stringify(before?.wrap_up ?? null);
  if (isNew && role === "agent") {
    const { outcome, note } = kept;
    const externalId = now.external_id ?? null;
    said.push({ type: "log.finalized", payload: { callId: now.id, externalId, outcome, note } });
  }
  if (JSON.stringify(call) !== JSON.stringify(was)) said.push({ type: "call.changed", payload: { call } });
  return said;
}
