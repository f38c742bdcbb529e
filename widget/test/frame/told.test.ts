/** What a host page is told when a call changes, and what it never is. */

import { describe, expect, it } from "vitest";
import { readFromFrame } from "../../src/frame/protocol";
import type { Call } from "../../src/softphone/protocol";
import { told } from "../../src/softphone/told";

const CALL: Call = {
  id: 7,
  kind: "bridge",
  direction: "outbound",
  state: "dialing",
  outcome: null,
  reason: null,
  from: "+33159133354",
  to: "+15005550006",
  name: "Amel Haddad",
  external_id: "amel",
  answered_at: null,
  duration_s: 0,
  held: false,
  recording: "none",
  transcript: "none",
  transcript_reason: null,
  recording_consent: null,
  participants: [],
  wrap_up: null,
};
const types = (before: Call | null, now: Call) => told(before, now, "agent").map(({ type }) => type);

describe("what is told of a call", () => {
  it("begins with its direction and what a CRM needs to open the record", () => {
    const [first, pop] = told(null, CALL, "agent");
    expect(first?.type).toBe("call.outgoing");
    expect(pop?.payload).toEqual({
      direction: "outbound",
      number: "+15005550006",
      name: "Amel Haddad",
      externalId: "amel",
      callId: 7,
    });
    const incoming = told(null, { ...CALL, direction: "inbound", state: "ringing" }, "agent");
    expect(incoming.map(({ type }) => type)).toEqual(["call.incoming", "screenpop", "call.ringing", "call.changed"]);
    expect(incoming[1]?.payload.number).toBe("+33159133354");
  });

  it("names each step once", () => {
    const ringing: Call = { ...CALL, state: "ringing" };
    const answered: Call = { ...CALL, state: "in_progress", answered_at: "2026-11-21T10:00:00Z" };
    const moving: Call = { ...answered, state: "transferring" };
    expect(types(CALL, ringing)).toEqual(["call.ringing", "call.changed"]);
    expect(types(ringing, ringing)).toEqual([]);
    expect(types(ringing, answered)).toEqual(["call.answered", "call.changed"]);
    expect(types(answered, { ...answered, held: true })).toEqual(["call.held", "call.changed"]);
    expect(types(answered, moving)).toEqual(["call.transferring", "call.changed"]);
    expect(types(moving, answered)).toEqual(["call.changed"]); // a transfer that failed is no second answer
  });

  it("ends once, and says what was written afterwards", () => {
    const ended: Call = { ...CALL, state: "ended", outcome: "completed", reason: "callee_hung_up", duration_s: 12 };
    const [end] = told(CALL, ended, "agent");
    expect(end).toMatchObject({ type: "call.ended", payload: { outcome: "completed", durationMs: 12_000 } });
    const written: Call = { ...ended, wrap_up: { outcome: "interested", note: "Call back." } };
    expect(told(ended, written, "agent")).toEqual([
      { type: "log.finalized", payload: { callId: 7, externalId: "amel", outcome: "interested", note: "Call back." } },
    ]);
    expect(told(ended, written, "listen")).toEqual([]);
    expect(types(written, written)).toEqual([]);
  });

  it("passes the host's own check, whatever happened", () => {
    const ended: Call = { ...CALL, state: "ended", wrap_up: { outcome: "other", note: "" }, held: true };
    for (const event of told(null, ended, "agent")) expect(readFromFrame(event)).toEqual(event);
  });
});
