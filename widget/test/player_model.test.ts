/** The pure parts of the player: finding words and silences, writing times. */

import { describe, expect, it } from "vitest";
import { clock, otherNumber, segmentAt, silenceEnd } from "../src/player/model";

const segment = (t0_ms: number) => ({ seq: 1, side: "ours" as const, t0_ms, t1_ms: t0_ms + 500, text: "" });

describe("the player's model", () => {
  it("finds the words that are being said", () => {
    const said = [segment(0), segment(1000), segment(5000)];
    expect([-1, 0, 999, 1000, 9000].map((ms) => segmentAt(said, ms))).toEqual([-1, 0, 0, 1, 2]);
    expect(segmentAt([], 10)).toBe(-1);
  });

  it("names who called, or who was called", () => {
    const call = { state: "ended", outcome: null, name: null, created_at: "", duration_s: 1, to: "+2" };
    expect(otherNumber({ ...call, direction: "inbound", from: "+1" })).toBe("+1");
    expect(otherNumber({ ...call, direction: "inbound", from: null })).toBe("+2");
    expect(otherNumber({ ...call, direction: "outbound", from: "+1" })).toBe("+2");
  });

  it("leaves a silence while a second and more of it is left", () => {
    const peaks = {
      per_second: 20,
      values: "",
      silences: [
        [0, 2000],
        [9000, 12_000],
      ] satisfies [number, number][],
    };
    expect([0, 1000, 1001, 5000, 11_000, 12_000].map((ms) => silenceEnd(peaks, ms))).toEqual([
      2000,
      2000,
      undefined,
      undefined,
      12_000,
      undefined,
    ]);
  });

  it("writes times as people do", () => {
    expect([-1, 7.9, 754, 3723].map(clock)).toEqual(["0:00", "0:07", "12:34", "1:02:03"]);
  });
});
