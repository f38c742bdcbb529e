/** The wire: bodies and control messages between widget and server. docs/reference/widget-protocol.md is the contract. */

import type { Answer, Ice } from "../rtc/peer";
import type { Stored } from "./options";
import type { Mode } from "./state";

export interface Message {
  id: string;
  /** Missing on partial messages. */
  seq?: number;
  /** `gap` is the page's own: what was lost here is not known. */
  role: "user" | "agent" | "gap";
  text: string;
  final: boolean;
  via: Mode;
  at?: string;
  interrupted?: boolean;
  /** On the answer to a written message: the id the page gave it. */
  client_id?: string;
}

export interface AgentConfig extends Ice {
  agent: { slug: string; name: string; avatar_url: string | null };
  language: string;
  languages: string[];
  greeting: string;
  voice: boolean;
  consent: { required: boolean; version: string; text: string | null };
  handoff: { label: string; url: string } | null;
  limits: { text_characters: number };
  options: Stored;
}

export interface Session {
  id: string;
  token: string;
  expires_at: string;
  resume_s: number;
}

export interface ConversationBody {
  id: string;
  state: "active" | "ended";
  mode: Mode;
  reason: string | null;
  messages: Message[];
}

export interface Opened extends Answer {
  session: Session;
  conversation: ConversationBody;
  config: AgentConfig;
}

export interface Connected extends Answer {
  conversation: ConversationBody;
}

export type ToServer =
  | { type: "hello"; since: number; token?: string }
  | { type: "text"; id: string; text: string }
  | { type: "mute" | "talk"; on: boolean }
  | { type: "interrupt" | "end" | "ping" };

export type FromServer =
  | { type: "state"; state: "listening" | "thinking" | "speaking" }
  | ({ type: "message" } & Message)
  | { type: "notice"; code: string }
  | { type: "ended"; reason: string }
  | { type: "error"; code: string; message: string }
  | { type: "pong" };

/** What must be there as text, by type. */
const TEXTS: Record<FromServer["type"], string[]> = {
  state: ["state"],
  message: ["id", "text", "role"],
  notice: ["code"],
  ended: ["reason"],
  error: ["code"],
  pong: [],
};
/** Where only these words mean something. */
const WORDS: Record<string, RegExp> = { state: /^(listening|thinking|speaking)$/, role: /^(user|agent)$/ };

/** One control message of the server, or null when it is not in the table (a newer server may say more). */
export function parse(raw: unknown): FromServer | null {
  try {
    const body = JSON.parse(raw as string);
    const isGood = (name: string) => typeof body[name] === "string" && (WORDS[name]?.test(body[name]) ?? true);
    return TEXTS[body.type as FromServer["type"]].every(isGood) ? body : null;
  } catch {
    return null;
  }
}

const order = (message: Message): number => message.seq ?? Number.POSITIVE_INFINITY;

/** `messages` with `arrived` in its place: the same id replaces, finals are ordered by `seq`, partials follow. */
export function placed(messages: readonly Message[], arrived: Message): Message[] {
  const known = messages.findIndex(({ id }) => id === arrived.id);
  if (known >= 0 && order(messages[known] as Message) === order(arrived)) {
    return messages.map((message, at) => (at === known ? arrived : message));
  }
  const rest = messages.filter(({ id }) => id !== arrived.id && id !== arrived.client_id);
  let at = rest.length;
  while (at > 0 && order(rest[at - 1] as Message) > order(arrived)) at--;
  rest.splice(at, 0, arrived);
  return rest;
}

/** The highest `seq` we have: what `hello` says. */
export const seen = (messages: readonly Message[]): number =>
  messages.reduce((most, { seq }) => Math.max(most, seq ?? 0), 0);
