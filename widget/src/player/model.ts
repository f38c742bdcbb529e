/** What the player shows, as the server tells it, and the pure parts of showing it. */

export interface Segment {
  seq: number;
  side: "customer" | "ours";
  t0_ms: number;
  t1_ms: number;
  text: string;
}

export interface Peaks {
  per_second: number;
  /** Loudness from 0 to 127, the customer's and our side's in turn, in base64. */
  values: string;
  /** From and to, in ms. */
  silences: [number, number][];
}

export interface Replay {
  call: {
    state: string;
    outcome: string | null;
    direction: "inbound" | "outbound";
    from: string | null;
    to: string;
    name: string | null;
    created_at: string;
    duration_s: number;
  };
  recording: { state: string; url: string | null; duration_ms: number };
  peaks: Peaks;
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

/** The number of whom the call was with. */
export const otherNumber = ({ direction, from, to }: Replay["call"]): string => (direction === "inbound" && from) || to;

/** Shorter pauses are part of speaking. */
const PAUSE_MS = 1_000;

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

/** Where the silence that `ms` lies in ends, if a second and more of it is left. */
export const silenceEnd = ({ silences }: Peaks, ms: number): number | undefined =>
  silences.find(([from, to]) => from <= ms && ms + PAUSE_MS <= to)?.[1];

/** 0:07, 12:34, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.floor(Math.max(0, seconds));
  const two = (one: number) => String(Math.floor(one) % 60).padStart(2, "0");
  const minutes = whole < 3600 ? Math.floor(whole / 60) : `${Math.floor(whole / 3600)}:${two(whole / 60)}`;
  return `${minutes}:${two(whole)}`;
}

/** Of a part's state. */
export const isBeingMade = (state: string): boolean => /ing$/.test(state);

/** Whether something of it is still to come. */
export const isUnfinished = ({ call, recording, analysis }: Replay): boolean =>
  call.state !== "ended" || isBeingMade(recording.state) || isBeingMade(analysis.state);
