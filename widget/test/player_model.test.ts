/** The pure parts of the player: reading peaks, finding words and silences, writing times. */

import { describe, expect, it } from "vitest";
import { clock, readPeaks, segmentAt, silenceEnd } from "../src/player/model";

const segment = (t0_ms: number) => ({ seq: 1, side: "ours" as const, t0_ms, t1_ms: t0_ms + 500, text: "" });

function bytes(pairs: [number, number][]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(4 + 2 * pairs.length));
  view.setUint8(0, 1);
  view.setUint8(1, 2);
  view.setUint16(2, 20, true);
  for (const [at, value] of pairs.flat().entries()) view.setUint8(4 + at, value);
  return view.buffer;
}

describe("the player's model", () => {
  it("reads both lanes and how many values make a second", () => {
    const peaks = readPeaks(
      bytes([
        [1, 2],
        [3, 200],
      ]),
    );
    expect([peaks.perSecond, [...peaks.customer], [...peaks.ours]]).toEqual([20, [1, 3], [2, 127]]);
    expect(readPeaks(bytes([])).ours).toHaveLength(0);
  });

  it("finds the words that are being said", () => {
    const said = [segment(0), segment(1000), segment(5000)];
    expect([-1, 0, 999, 1000, 9000].map((ms) => segmentAt(said, ms))).toEqual([-1, 0, 0, 1, 2]);
    expect(segmentAt([], 10)).toBe(-1);
  });

  it("skips silences of a second and more, and no shorter ones", () => {
    const quiet = (count: number): [number, number][] => Array.from({ length: count }, () => [0, 0]);
    const talk: [number, number][] = [[60, 0]];
    const peaks = readPeaks(bytes([...quiet(40), ...talk, ...quiet(10), ...talk]));
    expect(silenceEnd(peaks, 0)).toBe(2);
    expect(silenceEnd(peaks, 2)).toBeNull();
    expect(silenceEnd(peaks, 2.1)).toBeNull();
  });

  it("writes times as people do", () => {
    expect([-1, 7.9, 754, 3723].map(clock)).toEqual(["0:00", "0:07", "12:34", "1:02:03"]);
  });
});
