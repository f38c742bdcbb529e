/** What the player asks of the server: a link used once, then a session kept in the tab and renewed while in use. */

import { Problem } from "../core/errors";
import { CALM_MS } from "../ui/node";
import type { Replay } from "./model";

const KEY = "parloir.player";
const TAIL = 24;
const TIMEOUT_MS = 12_000;
const RETRY_MS = 30_000;

interface Kept {
  token: string;
  /** The end of the link this came from: a frame that is loaded anew brings its used link again. */
  link: string;
  /** The host page's form of a link to a moment, or "". */
  form: string;
  /** When half of the session's life is over, in ms since 1970. */
  renewAt: number;
}

interface Granted {
  session: { token: string; expires_in: number };
  /** What the link opened; null when it has to be asked for. */
  replay?: Replay | null;
}

export class PlayerApi {
  private _kept: Kept = { token: "", link: "", form: "", renewAt: 0 };

  /** Use the link up, or go on with what the tab kept: the call as it is. Throws `Problem`. */
  async open(link: string, form: string): Promise<Replay> {
    const tail = link.slice(-TAIL);
    // A link is tried before it is looked up: a browser takes long to open its storage, and most links are new.
    let kept = link ? null : read();
    if (!kept) {
      this._kept = { ...this._kept, link: tail, form };
      try {
        const { replay } = await this._take(await this._ask("exchange", { token: link }));
        if (replay) return replay;
      } catch (thrown) {
        kept = read();
        if (kept?.link !== tail) throw thrown;
      }
    }
    if (kept) this._kept = { ...kept, form: form || kept.form };
    return this.replay();
  }

  /** Where others open the call at `second`: in the host page's form, or "" when it gave none. */
  linkTo(second: number): string {
    return this._kept.form.replaceAll("{t}", String(Math.floor(second)));
  }

  /** Somebody uses the page: its session must not end meanwhile. What fails is tried again later. */
  async stay(): Promise<void> {
    if (Date.now() < this._kept.renewAt) return;
    this._kept.renewAt = Date.now() + RETRY_MS;
    await this._ask("renew", {})
      .then(this._take)
      .catch(() => {});
  }

  replay = async (): Promise<Replay> => (await this._ask("call")).json();
  file = async (form: "vtt" | "srt"): Promise<Blob> => (await this._ask(`transcript.${form}`)).blob();

  private _take = async (response: Response): Promise<Granted> => {
    const granted = (await response.json()) as Granted;
    const { session } = granted;
    this._kept.token = session.token;
    this._kept.renewAt = Date.now() + session.expires_in * 500;
    // After the first picture; in a page that nobody sees yet too. Whoever reloads sooner loses nothing either.
    setTimeout(this._keep, CALM_MS);
    addEventListener("pagehide", this._keep, { once: true });
    return granted;
  };

  private _keep = (): void => {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this._kept));
    } catch {
      // A page without storage plays all the same; a reload is then the end.
    }
  };

  private async _ask(path: string, body?: object): Promise<Response> {
    const headers: Record<string, string> = body ? { "Content-Type": "application/json" } : {};
    if (this._kept.token) headers.Authorization = `Bearer ${this._kept.token}`;
    let response: Response;
    try {
      response = await fetch(`/player/${path}`, {
        method: body ? "POST" : "GET",
        headers,
        credentials: "omit",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new Problem("unreachable");
    }
    if (response.ok) return response;
    const refusal = (await response.json().catch(() => null)) as { code?: string } | null;
    throw new Problem(refusal?.code ?? "unexpected_answer");
  }
}

function read(): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}
