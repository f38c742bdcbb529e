/** What the player asks of the server: a link used once, then a session kept in the tab. */

import { Problem } from "../core/errors";
import type { Replay } from "./model";

const KEY = "parloir.player";
const TAIL = 24;
const TIMEOUT_MS = 12_000;

export class PlayerApi {
  private _token = "";

  /** Use the link up, or go on with what the tab kept. Throws `Problem`. */
  async open(link: string): Promise<void> {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as { token: string; link: string } | null;
    if (kept && (!link || kept.link === link.slice(-TAIL))) {
      this._token = kept.token;
      return;
    }
    const response = await this._ask("exchange", { token: link });
    this._token = ((await response.json()) as { session: { token: string } }).session.token;
    sessionStorage.setItem(KEY, JSON.stringify({ token: this._token, link: link.slice(-TAIL) }));
  }

  replay = async (): Promise<Replay> => (await this._ask("call")).json();
  peaks = async (): Promise<ArrayBuffer> => (await this._ask("peaks")).arrayBuffer();
  file = async (form: "vtt" | "srt"): Promise<Blob> => (await this._ask(`transcript.${form}`)).blob();

  private async _ask(path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = body ? { "Content-Type": "application/json" } : {};
    if (this._token) headers.Authorization = `Bearer ${this._token}`;
    let response: Response;
    try {
      response = await fetch(`/player/${path}`, {
        method: body ? "POST" : "GET",
        headers,
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Problem(navigator.onLine ? "unreachable" : "offline");
    }
    if (response.ok) return response;
    const refusal = (await response.json().catch(() => null)) as { code?: string } | null;
    throw new Problem(refusal?.code ?? "unexpected_answer");
  }
}
