/** What the softphone asks of the server by HTTP: a time limit on everything, one kind of failure. */

import { Problem } from "../core/errors";
import type { Answer } from "../rtc/peer";
import type { Call, Opened, Seen } from "./protocol";

const TIMEOUT_MS = 12_000;

export class SoftphoneApi {
  token = "";

  exchange = (link: string) => this._ask<Opened>("exchange", { token: link });
  connect = (offer: string) => this._ask<Answer & { call: Call }>("connect", { offer });
  seen = () => this._ask<Seen>("call");
  hangup = () => this._ask<{ call: Call }>("hangup", {});
  wrapUp = (outcome: string, note: string) => this._ask<{ call: Call }>("wrap_up", { outcome, note });

  /** The page goes; nobody waits for the answer. */
  leave(): void {
    if (this.token) navigator.sendBeacon("/embed/leave", JSON.stringify({ token: this.token }));
  }

  private async _ask<T>(path: string, body?: object): Promise<T> {
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), TIMEOUT_MS);
    const headers: Record<string, string> = {};
    if (body) headers["Content-Type"] = "application/json";
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    try {
      const response = await fetch(`/embed/${path}`, {
        method: body ? "POST" : "GET",
        headers,
        credentials: "omit",
        cache: "no-store",
        signal: cut.signal,
        ...(body && { body: JSON.stringify(body) }),
      });
      const answer = await response.json().catch(() => null);
      if (response.ok && answer) return answer as T;
      throw new Problem(answer?.code ?? "unexpected_answer", answer?.error);
    } catch (thrown) {
      if (thrown instanceof Problem) throw thrown;
      throw new Problem(cut.signal.aborted ? "timeout" : navigator.onLine ? "unreachable" : "offline");
    } finally {
      clearTimeout(timer);
    }
  }
}
