/** One softphone of a host page: its frame while there is one, commands that answer, and events. */

import { connectFrame, type Link } from "./link";
import { newListeners } from "./listeners";
import { type CommandName, type FrameEvent, readFromFrame } from "./protocol";
import { problem, Waiting } from "./waiting";

const COMMAND_TIMEOUT_MS = 12_000;
const READY_TIMEOUT_MS = 15_000;
/** The id under which `open` waits; commands count from 1. */
const OPENING = 0;
/** Without allow-same-origin a frame has neither microphone nor storage; without allow-forms the wrap-up is not sent. */
const SANDBOX = "allow-scripts allow-same-origin allow-forms";
const ALLOW = "microphone; autoplay; speaker-selection; clipboard-write";

export interface SoftphoneOptions {
  /** Where the frame goes, as long as there is one: an element, or a selector of it. */
  container: Element | string;
  /** What makes a call of a request: asks your backend, and gives the link it answered. Needed for `dial`. */
  link?: (request: unknown) => string | Promise<string>;
  /** The frame's accessible name. */
  title?: string;
  language?: string;
  theme?: "light" | "dark" | "auto";
  /** The frame is as tall as its page asks for; otherwise your style sheet decides. */
  autoHeight?: boolean;
  /** Where our server is, when this script was not loaded from it. */
  server?: string;
}

export class Softphone {
  /** What was told of the call last; null before the first word. */
  call: { state?: string } | null = null;
  readonly on;
  readonly off;
  private readonly _events = newListeners();
  private readonly _waiting = new Waiting();
  private readonly _server: string;
  private _link: Link | null = null;
  private _frame: HTMLIFrameElement | null = null;
  private _isDialling = false;
  /** Ended, or it goes on without us. */
  private _isOver = false;
  private _lastId = 0;
  /** Counts openings and closings: what was begun before one has no business after it. */
  private _turn = 0;

  constructor(
    private readonly _options: SoftphoneOptions,
    server: string,
  ) {
    this._server = new URL(_options.server ?? server).origin;
    this.on = this._events.on;
    this.off = this._events.off;
  }

  /** Put the softphone of `url` into the container. Resolves with role, commands and call. */
  async open(url: string): Promise<unknown> {
    const { origin, pathname, href } = new URL(url, location.href);
    if (origin !== this._server || pathname !== "/embed") throw problem("link_refused");
    this._refuseSecond();
    this._end("replaced");
    const { container, title = "Softphone" } = this._options;
    const place = typeof container === "string" ? document.querySelector(container) : container;
    if (!place) throw problem("container_missing");
    const frame = document.createElement("iframe");
    frame.allow = ALLOW;
    frame.title = title;
    frame.referrerPolicy = "strict-origin"; // all that tells a browser without ancestorOrigins who we are
    frame.setAttribute("sandbox", SANDBOX);
    frame.src = href;
    this._frame = frame;
    const link = connectFrame(
      frame,
      this._server,
      (raw) => this._hear(raw),
      (code) => this._changed(code),
    );
    this._link = link;
    place.append(frame);
    const late = () => (link.isConnected() ? "timeout" : "no_handshake");
    return this._waiting.wait(OPENING, READY_TIMEOUT_MS, late);
  }

  /** Have your backend make a call, and open its softphone. */
  async dial(request: unknown): Promise<unknown> {
    const { link } = this._options;
    if (!link) throw problem("link_missing");
    if (this._isDialling) throw problem("call_in_progress");
    this._refuseSecond();
    this._isDialling = true;
    const turn = this._turn;
    try {
      const url = await link(request);
      if (turn !== this._turn) throw problem("closed");
      return await this.open(url);
    } finally {
      this._isDialling = false;
    }
  }

  hangup = () => this._command("hangup");
  mute = (on = true) => this._command("mute", { on });
  hold = (on = true) => this._command("hold", { on });
  record = (on = true) => this._command("record", { on });
  dtmf = (digits: string) => this._command("dtmf", { digits });
  transfer = (to: string) => this._command("transfer", { to });
  setDevices = ({ microphone, speaker }: { microphone?: string; speaker?: string }) =>
    Promise.all([
      microphone != null && this._command("set_microphone", { id: microphone }),
      speaker != null && this._command("set_speaker", { id: speaker }),
    ]).then(() => {});
  setLanguage = (language: string) => this._command("set_language", { language });
  setTheme = (theme: string) => this._command("set_theme", { theme });
  focus = () => {
    this._frame?.focus();
    return this._command("focus");
  };

  /** Take the frame away, as if its page were closed; `dial` and `open` make a new one. */
  close(): void {
    this._end("closed");
  }

  /** Take everything away. */
  destroy(): void {
    this._end("destroyed");
    this._events.clear();
  }

  private _refuseSecond(): void {
    if (this._waiting.has(OPENING) || (this.call && !this._isOver)) throw problem("call_in_progress");
  }

  private _end(code: string): void {
    this._turn += 1;
    this._link?.close();
    this._frame?.remove();
    this._link = this._frame = this.call = null;
    this._isOver = false;
    this._waiting.refuseAll(code);
  }

  private async _command(type: CommandName, payload: object = {}): Promise<unknown> {
    if (!this._link?.isConnected()) throw problem("not_connected");
    const id = ++this._lastId;
    const answer = this._waiting.wait(id, COMMAND_TIMEOUT_MS);
    this._link.post({ id, type, payload });
    return answer;
  }

  /** "": connected; else the code of why not any more. */
  private _changed(code: string): void {
    if (code) {
      this._waiting.refuseAll(code);
      this.call = null; // until the frame is ready again, if it can be
    }
    this._events.emit(code ? "disconnected" : "connected", { code });
  }

  private _hear(raw: unknown): void {
    const said = readFromFrame(raw);
    if (typeof said === "string") this._events.emit("error", { code: said, message: said });
    else if ("id" in said) {
      this._waiting.settle(said.id, said.code ? problem(said.code, said.message, said.retryable) : null);
    } else this._take(said);
  }

  private _take({ type, payload }: FrameEvent): void {
    if (payload.call) this.call = payload.call;
    if (this.call?.state === "ended" || type === "call.left") this._isOver = true;
    if (type === "ready") this._dress(payload);
    if (type === "resize" && this._options.autoHeight && this._frame) this._frame.style.height = `${payload.height}px`;
    if (type === "error") this._waiting.settle(OPENING, problem(`${payload.code}`, `${payload.message}`));
    this._events.emit(type, payload);
  }

  private _dress(payload: object): void {
    const { language, theme } = this._options;
    if (language) this.setLanguage(language).catch(() => {});
    if (theme) this.setTheme(theme).catch(() => {});
    this._waiting.settle(OPENING, null, payload);
  }
}
