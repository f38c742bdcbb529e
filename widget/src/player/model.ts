/** What the player shows, as the server tells it, and the pure parts of showing it. */

export interface Segment {
  seq: number;
  side: "customer" | "ours";
  t0_ms: number;
  t1_ms: number;
  text: string;
}

export interface Replay {
  call: {
    state: string;
    outcome: string | null;
    from: string | null;
    to: string;
    name: string | null;
    created_at: string;
    duration_s: number;
  };
  recording: { state: string; url: string | null; duration_ms: number };
  transcript: { state: string; reason: string | null; segments: Segment[] };
  analysis: {
    state: string;
    summary?: string;
    interest_level?: number;
    status?: "fulfilled" | "follow_up" | "not_interested" | "no_conversation";
    sentiment?: "positive" | "neutral" | "negative";
    lead_score?: number;
    engine?: string;
  };
}

/** Loudness from 0 to 127, `perSecond` values a second, for the customer and for our side. */
export interface Peaks {
  perSecond: number;
  customer: Uint8Array;
  ours: Uint8Array;
}

const HEADER = 4;
const QUIET = 3;
/** Shorter pauses are part of speaking. */
const PAUSE_S = 1;

/** Four bytes of header, then pairs: customer, ours. */
export function readPeaks(bytes: ArrayBuffer): Peaks {
  const values = new Uint8Array(bytes);
  const lane = (side: number) =>
    Uint8Array.from({ length: (values.length - HEADER) >> 1 }, (_, at) =>
      Math.min(127, values[HEADER + 2 * at + side] ?? 0),
    );
  return { perSecond: new DataView(bytes).getUint16(2, true) || 1, customer: lane(0), ours: lane(1) };
}

/** The last segment that began by `ms`, or -1. */
export function segmentAt(segments: readonly Segment[], ms: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle] as Segment).t0_ms <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Where the silence that `second` lies in ends, or null when somebody speaks within PAUSE_S. */
export function silenceEnd(peaks: Peaks, second: number): number | null {
  const start = Math.floor(second * peaks.perSecond);
  let at = start;
  while (at < peaks.ours.length && (peaks.ours[at] ?? 0) <= QUIET && (peaks.customer[at] ?? 0) <= QUIET) at += 1;
  return at - start >= PAUSE_S * peaks.perSecond ? at / peaks.perSecond : null;
}

/** 0:07, 12:34, 1:02:03. */
export function clock(seconds: number): string {
  const iso = new Date(Math.max(0, seconds) * 1000).toISOString().slice(11, 19);
  return iso.replace(/^00:0?|^0/, "");
}

/** Of a part's state. */
export const isBeingMade = (state: string): boolean => /ing$/.test(state);

/** Whether something of it is still to come. */
export const isUnfinished = ({ call, recording, analysis }: Replay): boolean =>
  call.state !== "ended" || isBeingMade(recording.state) || isBeingMade(analysis.state);
