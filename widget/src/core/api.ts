/** The server's HTTP surface as seen from a page: no cookies, a time limit on everything, one kind of failure. */

import { Problem } from "./errors";

const TIMEOUT_MS = 12_000;
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Api {
  /** The session token; held here and in sessionStorage, nowhere a page could read it from `window`. */
  token = "";

  /** `base` is the server's origin without a slash at its end. What is asked throws `Problem`. */
  constructor(
    readonly base: string,
    private readonly _fetch: Fetch,
    private readonly _isOnline: () => boolean,
  ) {}

  /** GET without a `body`, otherwise POST, both under /widget/. */
  async ask<T>(path: string, body?: object, timeoutMs = TIMEOUT_MS): Promise<T> {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), timeoutMs);
    try {
      const response = await this._fetch(`${this.base}/widget/${path}`, {
        method: body ? "POST" : "GET",
        headers: {
          ...(body && { "Content-Type": "application/json" }),
          ...(this.token && { Authorization: `Bearer ${this.token}` }),
        },
        credentials: "omit",
        cache: "no-store",
        keepalive: path === "sessions/end",
        signal: cut.signal,
        body: body ? JSON.stringify(body) : null,
      });
      const answer = await response.json().catch(() => null);
      if (response.ok && answer) return answer;
      if (answer?.code) throw new Problem(answer.code, `${answer.error} · ${answer.request_id}`);
      throw new Problem(response.status === 404 ? "not_found" : "unexpected_answer");
    } catch (thrown) {
      if (thrown instanceof Problem) throw thrown;
      throw new Problem(cut.signal.aborted ? "timeout" : this._isOnline() ? "unreachable" : "offline");
    } finally {
      clearTimeout(timer);
    }
  }
}
