/** The server's HTTP surface as seen from a page: no cookies, a time limit on everything, one kind of failure. */

import { Problem } from "./errors";
import type { AgentConfig, ConversationBody, Message, Opened } from "./protocol";

const TIMEOUT_MS = 12_000;
/** `/widget/messages` answers when the agent has: up to 20 s. */
const ANSWER_TIMEOUT_MS = 25_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  /** The session token; held here and in sessionStorage, nowhere a page could read it from `window`. */
  token = "";

  /** `base` is the server's origin without a slash at its end. Every method throws `Problem`. */
  constructor(
    readonly base: string,
    private readonly fetch: Fetch,
    private readonly isOnline: () => boolean,
  ) {}

  config = (query: Record<string, string>) => this._ask<AgentConfig>(`config?${new URLSearchParams(query)}`);
  open = (body: object) => this._ask<Opened>("sessions", body);
  connect = (offer: string) =>
    this._ask<{ answer: string; conversation: ConversationBody }>("sessions/connect", { offer });
  current = () => this._ask<Omit<Opened, "answer">>("sessions/current");
  write = (id: string, text: string) => this._ask<{ messages: Message[] }>("messages", { id, text }, ANSWER_TIMEOUT_MS);
  end = () => this._ask<object>("sessions/end", {});
  rate = (score: number, comment: string | null) => this._ask<object>("sessions/rating", { score, comment });

  private async _ask<T>(path: string, body?: object, timeoutMs = TIMEOUT_MS): Promise<T> {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), timeoutMs);
    const headers: Record<string, string> = {};
    if (body) headers["Content-Type"] = "application/json";
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    try {
      const response = await this.fetch(`${this.base}/widget/${path}`, {
        method: body ? "POST" : "GET",
        headers,
        credentials: "omit",
        cache: "no-store",
        keepalive: path === "sessions/end",
        signal: cut.signal,
        ...(body && { body: JSON.stringify(body) }),
      });
      return await read<T>(response);
    } catch (thrown) {
      if (thrown instanceof Problem) throw thrown;
      throw new Problem(cut.signal.aborted ? "timeout" : this.isOnline() ? "unreachable" : "offline");
    } finally {
      clearTimeout(timer);
    }
  }
}

async function read<T>(response: Response): Promise<T> {
  const body = await response.json().catch(() => null);
  if (response.ok && body) return body as T;
  if (body?.code) throw new Problem(body.code, [body.error, body.request_id].filter(Boolean).join(" · "));
  throw new Problem(response.status === 404 ? "not_found" : "unexpected_answer");
}
