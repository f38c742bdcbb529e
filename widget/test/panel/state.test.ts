/** The state machine: what follows what, and what means nothing. */

import { describe, expect, it } from "vitest";
import { type CallState, FIRST, isOngoing, next, type Phase, type Step, shown } from "../../src/core/state";

const walk = (...steps: Step[]): CallState => steps.reduce(next, FIRST);
const VOICE: Step = { type: "connect", mode: "voice" };

describe("a conversation", () => {
  it("goes from consent to talking", () => {
    const state = walk({ type: "ask" }, { type: "request" }, VOICE, { type: "live" }, { type: "turn", to: "speaking" });
    expect(state).toMatchObject({ phase: "speaking", mode: "voice", muted: false });
  });

  it("keeps the microphone muted through a lost connection", () => {
    const state = walk(VOICE, { type: "live" }, { type: "mute", on: true }, { type: "lost" }, { type: "live" });
    expect(state.muted).toBe(true);
    expect(shown(state)).toBe("muted");
  });

  it("shows muted only where we would be listening by voice", () => {
    const muted = walk(VOICE, { type: "live" }, { type: "mute", on: true }, { type: "turn", to: "speaking" });
    expect(shown(muted)).toBe("speaking");
    const written = walk({ type: "connect", mode: "text" }, { type: "live" }, { type: "mute", on: true });
    expect(shown(written)).toBe("listening");
  });

  it("stays ended whatever the server still says", () => {
    const ended = walk(VOICE, { type: "live" }, { type: "finish", reason: "goodbye" });
    for (const late of [{ type: "turn", to: "speaking" }, { type: "live" }, { type: "lost" }] satisfies Step[]) {
      expect(next(ended, late)).toBe(ended);
    }
    expect(ended.reason).toBe("goodbye");
  });

  it("forgets the error once something begins again", () => {
    const failed = walk({ type: "request" }, { type: "fail", code: "offline" });
    expect(failed).toMatchObject({ phase: "error", error: "offline" });
    expect(next(failed, VOICE).error).toBe("");
  });

  it("ignores what the server says before anybody connected", () => {
    expect(next(FIRST, { type: "turn", to: "speaking" })).toBe(FIRST);
  });

  it("is ongoing exactly while live or reconnecting", () => {
    const phases: Phase[] = ["idle", "consent", "requesting", "connecting", "ended", "error"];
    for (const phase of phases) expect(isOngoing({ ...FIRST, phase })).toBe(false);
    for (const phase of ["listening", "thinking", "speaking", "reconnecting"] as const) {
      expect(isOngoing({ ...FIRST, phase })).toBe(true);
    }
  });
});
