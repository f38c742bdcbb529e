/** THE table of what a host page and the frame in it say to each other: docs/softphone-embedding.md tells it to people. */

/** Versions this build speaks, best first. */
export const VERSIONS: readonly number[] = [1];
export const PENDING_MAX = 32;

export const NONCE = /^[\w-]{16,64}$/;

/** What a command's value must be; null takes none. */
const ON = (value: unknown): boolean => typeof value === "boolean";
const text = (form: RegExp) => (value: unknown) => typeof value === "string" && form.test(value);

type Check = ((value: unknown) => boolean) | null;
interface Row {
  /** The roles that may. */
  roles: string;
  field: string;
  check: Check;
}
const row = (roles: string, field = "", check: Check = null): Row => ({ roles, field, check });
/** Empty: the standard device. */
const DEVICE = text(/^[\w+/=-]{0,128}$/);
const ALL = "agent talk listen";

export const COMMANDS = {
  hangup: row("agent"),
  mute: row("agent talk", "on", ON),
  hold: row("agent", "on", ON),
  record: row("agent", "on", ON),
  dtmf: row("agent", "digits", text(/^[0-9*#A-D]{1,32}$/)),
  transfer: row("agent", "to", text(/^[+\d][\d ().-]{1,39}$/)),
  set_language: row(ALL, "language", text(/^[A-Za-z]{2,3}(-\w{2,8})*$/)),
  set_theme: row(ALL, "theme", text(/^(light|dark|auto)$/)),
  set_microphone: row("agent talk", "id", DEVICE),
  set_speaker: row(ALL, "id", DEVICE),
  focus: row(ALL),
} satisfies Record<string, Row>;

export type CommandName = keyof typeof COMMANDS;

export interface Command {
  id: number;
  type: CommandName;
  /** Checked against its row: a boolean, text, or nothing. */
  value: boolean | string | null;
}

export interface Refusal {
  /** Of the message that is refused, when it had one. */
  id: number | null;
  code: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

/** A command as it came on the port; strict: known type, its one field and nothing else. */
export function readCommand(raw: unknown): Command | Refusal {
  if (!isObject(raw) || !isCount(raw.id)) return { id: null, code: "invalid_message" };
  const { id, type, payload } = raw;
  if (typeof type !== "string" || !Object.hasOwn(COMMANDS, type)) return { id, code: "unsupported_type" };
  const { field, check }: Row = COMMANDS[type as CommandName];
  const extra = Object.keys(raw).some((key) => !/^(id|type|payload)$/.test(key));
  if (extra || !isObject(payload)) return { id, code: "invalid_message" };
  const value = check ? payload[field] : null;
  if (Object.keys(payload).join() !== field || !(check?.(value) ?? true)) return { id, code: "invalid_message" };
  return { id, type: type as CommandName, value: value as Command["value"] };
}

/** What the frame tells: each field's kind. `?` after it: or null. */
export const EVENTS = {
  ready: { role: "string", commands: "object", call: "object" },
  "call.incoming": { call: "object" },
  "call.outgoing": { call: "object" },
  "call.changed": { call: "object" },
  "call.ringing": { call: "object" },
  "call.answered": { call: "object" },
  "call.held": { on: "boolean" },
  "call.muted": { on: "boolean" },
  "call.transferring": { call: "object" },
  "call.reconnecting": {},
  "call.reconnected": {},
  "call.transferred": { call: "object" },
  "call.left": { reason: "string", call: "object" },
  "call.ended": { outcome: "string?", reason: "string?", durationMs: "number", call: "object" },
  screenpop: { direction: "string", number: "string?", name: "string?", externalId: "string?", callId: "number" },
  transcript: { id: "string", side: "string", role: "string", text: "string", final: "boolean" },
  quality: { rttMs: "number?", jitterMs: "number?", lost: "number?", mos: "number?", heard: "boolean" },
  dtmf: { digit: "string" },
  permission: { microphone: "string" },
  devices: { microphones: "object", speakers: "object", microphone: "string", speaker: "string" },
  "log.finalized": { callId: "number", externalId: "string?", outcome: "string", note: "string" },
  resize: { height: "number" },
  focus: { on: "boolean" },
  error: { code: "string", message: "string" },
} as const satisfies Record<string, Record<string, string>>;

export interface FrameEvent {
  type: string;
  payload: { call?: object } & Record<string, unknown>;
}

export interface Reply {
  id: number;
  /** Empty: it was done. */
  code: string;
  message: string;
  retryable: boolean;
}

/** An event or a reply as it came on the port, or the code of what is wrong with it. */
export function readFromFrame(raw: unknown): FrameEvent | Reply | string {
  if (!isObject(raw)) return "invalid_message";
  const { id, ok, error, type, payload } = raw;
  if (isCount(id)) {
    if (ok === true) return { id, code: "", message: "", retryable: false };
    if (!isObject(error) || typeof error.code !== "string") return "invalid_message";
    return { id, code: error.code, message: String(error.message), retryable: error.retryable === true };
  }
  if (typeof type !== "string" || !Object.hasOwn(EVENTS, type)) return "unsupported_type";
  if (!isObject(payload)) return "invalid_message";
  for (const [field, kind] of Object.entries(EVENTS[type as keyof typeof EVENTS])) {
    const value = payload[field];
    if (value === null ? kind.at(-1) !== "?" : typeof value !== kind.replace("?", "")) return "invalid_message";
  }
  return { type, payload };
}

/** The frame's first word, on `window`; everything after runs on the port. */
export interface Hello {
  parloir: 1;
  type: "hello";
  nonce: string;
  versions: readonly number[];
}

/** The host's answer to it, which carries the port. */
export interface Connect {
  parloir: 1;
  type: "connect";
  nonce: string;
  /** 0: none of the versions offered. */
  version: number;
}

export const readHello = (raw: unknown): Hello | null =>
  isObject(raw) &&
  raw.parloir === 1 &&
  raw.type === "hello" &&
  typeof raw.nonce === "string" &&
  NONCE.test(raw.nonce) &&
  Array.isArray(raw.versions)
    ? (raw as unknown as Hello)
    : null;

export const readConnect = (raw: unknown): Connect | null =>
  isObject(raw) && raw.parloir === 1 && raw.type === "connect" && typeof raw.nonce === "string" && isCount(raw.version)
    ? (raw as unknown as Connect)
    : null;

/** The best version both speak; 0: none. */
export const commonVersion = (theirs: readonly unknown[]): number => VERSIONS.find((one) => theirs.includes(one)) ?? 0;
