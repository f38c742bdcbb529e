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
    sentiment?: string;
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
  const view = new DataView(bytes);
  const values = new Uint8Array(bytes, HEADER);
  const count = values.length >> 1;
  const lane = (side: number) =>
    Uint8Array.from({ length: count }, (_, at) => Math.min(127, values[2 * at + side] ?? 0));
  return { perSecond: view.getUint16(2, true) || 1, customer: lane(0), ours: lane(1) };
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
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Whether something of it is still being made. */
export function isUnfinished({ call, recording, analysis }: Replay): boolean {
  return call.state !== "ended" || /^(recording|processing)$/.test(recording.state) || analysis.state === "processing";
}
