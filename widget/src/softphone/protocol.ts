/** The wire between softphone and server: docs/reference/softphone-protocol.md is the contract. */

import type { Ice } from "../rtc/peer";

export type Role = "agent" | "talk" | "listen";
export type Side = "customer" | "ours";
export type CallState = "created" | "waiting_agent" | "dialing" | "ringing" | "in_progress" | "transferring" | "ended";

export interface Participant {
  id: string;
  role: string;
  side: Side;
  label: string;
  state: "invited" | "ringing" | "joined" | "away" | "left";
  muted: boolean;
  held: boolean;
  is_you: boolean;
}

export interface Call {
  id: number;
  kind: "bridge" | "ai" | "relay";
  direction: "outbound" | "inbound";
  state: CallState;
  outcome: string | null;
  reason: string | null;
  from: string | null;
  to: string | null;
  name: string | null;
  external_id: string | null;
  answered_at: string | null;
  duration_s: number;
  held: boolean;
  recording: "none" | "recording" | "paused" | "processing" | "ready" | "failed";
  transcript: "none" | "recording" | "unavailable" | "ready" | "failed";
  transcript_reason: string | null;
  recording_consent: "awaited" | "announced" | "given" | "refused" | "unanswered" | "not_announced" | null;
  participants: Participant[];
  wrap_up: { outcome: string; note: string } | null;
}

export interface Segment {
  id: string;
  seq: number | null;
  role: string;
  side: Side;
  text: string;
  final: boolean;
}

export interface Quality {
  rtt_ms: number | null;
  jitter_ms: number | null;
  lost: number | null;
  mos: number | null;
  heard: boolean;
}

export interface Opened extends Ice {
  session: { token: string };
  role: Role;
  call: Call;
  language: string | null;
}

export interface Seen extends Ice {
  role: Role;
  call: Call;
}

/** With an `id`, the server says when it is done, or refused. */
export type ToServer = { id?: string } & (
  | { type: "hello"; since: number }
  | { type: "mute" | "hold" | "record"; on: boolean }
  | { type: "dtmf"; digits: string }
  | { type: "transfer"; to: string }
  | { type: "hangup" | "leave" | "ping" }
);

export type FromServer =
  | { type: "call"; call: Call }
  | ({ type: "segment" } & Segment)
  | { type: "levels"; levels: Record<string, number> }
  | ({ type: "quality" } & Quality)
  | { type: "dtmf"; digit: string }
  | { type: "error"; code: string; message: string; re?: string }
  | { type: "left"; reason: "transferred" }
  | { type: "done"; re: string }
  | { type: "pong" };

export const OUTCOMES = [
  "interested",
  "follow_up",
  "not_interested",
  "wrong_number",
  "voicemail",
  "no_contact",
  "other",
] as const;

/** One control message, or null for what a newer server may say. */
export function readMessage(raw: unknown): FromServer | null {
  try {
    const message: unknown = JSON.parse(String(raw));
    return message && typeof message === "object" && "type" in message ? (message as FromServer) : null;
  } catch {
    return null;
  }
}

/** Whether nothing of the call may be kept, because of what was answered. */
export const isRefused = (consent: Call["recording_consent"]): boolean =>
  consent === "refused" || consent === "unanswered" || consent === "not_announced";
