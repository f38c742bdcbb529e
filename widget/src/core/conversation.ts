/** One visitor's conversation: turns what they press into sessions and links, and what arrives into signals. */

import type { Link, PeerEvents } from "../rtc/peer";
import type { Api } from "./api";
import { GRACE_MS } from "./backoff";
import { codeOf, isSessionGone, Problem } from "./errors";
import { join } from "./joining";
import { type AgentConfig, parse, type ToServer } from "./protocol";
import { type Signal, signal } from "./signals";
import { Sound } from "./sound";
import { type CallState, FIRST, isLive, type Mode, next, type Step, shown } from "./state";
import { Transcript } from "./transcript";
import { Visit } from "./visit";
import type { Settings, World } from "./world";

export class Conversation {
  readonly state = signal<CallState>(FIRST);
  readonly config: Signal<AgentConfig | null>;
  /** A notice of the server, or the reason why we write instead of talking: a code, or nothing. */
  readonly note = signal("");
  readonly transcript = new Transcript();
  readonly api: Api;
  readonly visit: Visit;
  link: Link | null = null;
  /** Ends a wait before the next attempt: the network is back. */
  wake: (() => void) | null = null;
  readonly sound: Sound;

  private _attempt = 0;
  private _wanted: Mode = "voice";
  private _isOver = false;
  private _grace: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly _settings: Settings,
    private readonly _world: World,
  ) {
    this.api = _world.api;
    this.visit = new Visit(_settings, _world, ({ messages }, isNews) => {
      for (const message of messages) {
        if (this.transcript.take(message) && isNews) _world.emit("message", message);
      }
    });
    this.config = this.visit.config;
    this.sound = new Sound(_world.microphone, () => _settings.options.pushToTalk);
  }

  /** Ask who answers here; spends nothing. A kept session goes on instead. */
  async open(): Promise<void> {
    if (this.state.get().phase !== "idle") return;
    const token = this._world.resume.read();
    try {
      if (token && !this.api.token) {
        this.api.token = token;
        await (await this._late("unreachable")).goOn(this, codeOf);
      } else await this.visit.load();
    } catch (thrown) {
      this._fail(thrown);
    }
  }

  /** Until the server said otherwise, we take it that this agent talks. */
  canTalk = (): boolean => this.config.get()?.voice !== false;

  /** Talk or write; voice when the agent and this page can. In a written conversation, `voice` adds sound. */
  async start(mode?: Mode): Promise<void> {
    const state = this.state.get();
    if (isLive(state) ? mode !== "voice" || state.mode === "voice" : /ing$/.test(state.phase)) return;
    try {
      await this.visit.load();
      this._wanted = this.canTalk() && mode !== "text" ? "voice" : "text";
      if (mode === "voice" && !this.canTalk()) this.note.set("voice_unavailable");
      if (this.visit.needsConsent) this.move({ type: "ask" });
      else await this.begin(this._wanted);
    } catch (thrown) {
      this._fail(thrown);
    }
  }

  /** The visitor agreed to what was shown; still inside their click. */
  agree(mode: Mode = this._wanted): void {
    this.visit.agree();
    void this.begin(mode);
  }

  /** The version of the terms that the visitor is asked to agree to. */
  get consentVersion(): string {
    return this.visit.version;
  }

  decline(): void {
    this.transcript.clear();
    this.move({ type: "decline" });
  }

  /** Written words; they start a conversation when there is none, and wait while there is no connection. */
  sendText(text: string): void {
    if (!text.trim()) return;
    if (this._isOver) this.startOver();
    const written = this.transcript.write(text.trim());
    if (!this.send({ type: "text", ...written })) void this.start("text");
  }

  /** False when it cannot be sent now. */
  send = (message: ToServer): boolean => !!this.link?.send(message);

  mute(on: boolean): void {
    this.move({ type: "mute", on });
    this.sound.mute(on);
    this.send({ type: "mute", on });
  }

  /** There is nothing to hold: muted, and from here on as in any call. */
  stopHolding(): void {
    if (!this.sound.isByHold()) return;
    this.sound.cannotHold.set(true);
    this.mute(true);
  }

  /** Hang up, or stop connecting. */
  end(): void {
    if (this.api.token && !this._isOver) {
      this.send({ type: "end" });
      this._hangUp();
      this._finish("visitor");
    } else {
      this._drop();
      this.move({ type: "restart" });
    }
  }

  /** After an end or an error: again, with the same session if it still lives. */
  again(): void {
    if (this._isOver) this.startOver();
    this.note.set("");
    if (this.api.token) void this.rejoin();
    else void this.start(this._wanted);
  }

  /** Let go of everything; the session stays on the server for a moment, for the next page. */
  close(): void {
    this._drop();
    this.wake?.();
  }

  async begin(mode: Mode): Promise<void> {
    const isMine = this.newAttempt();
    if (this._isOver) this.startOver();
    this._wanted = mode;
    try {
      if (mode === "voice") await this._hear(isMine);
      if (!isMine()) return;
      this.move({ type: "connect", mode });
      await this._join(mode, isMine);
    } catch (thrown) {
      if (isMine()) void this._fellShort(mode, thrown);
    }
  }

  /** What an earlier attempt still brings is not wanted any more: whether this one is still the newest. */
  newAttempt(): () => boolean {
    const mine = ++this._attempt;
    return () => mine === this._attempt;
  }

  private _hear = (isMine: () => boolean): Promise<void> =>
    this.sound.hear(isMine, () => this.move({ type: "request" }));

  /** Voice that cannot be becomes writing, said in words; what cannot be helped becomes an error. */
  private async _fellShort(mode: Mode, thrown: unknown): Promise<void> {
    const code = codeOf(thrown);
    if (code === "session_ended") return this._finish("server");
    const attempt = this._attempt;
    const { help } = await this._world.late().catch(() => ({ help: undefined }));
    if (attempt === this._attempt && !help?.(this, mode, thrown, code)) this._fail(thrown);
  }

  /** Reach the server and wait until control messages flow. */
  private async _join(mode: Mode, isMine: () => boolean): Promise<void> {
    const reach = mode === "voice" ? this._reachByVoice : this._reachByText;
    const link = await join(reach, {
      lost: (code) => isMine() && this._lost(code),
      message: (raw) => isMine() && this._receive(raw),
      shaky: (isShaky) => isMine() && this._shaky(isShaky),
      sound: (stream) => isMine() && this.sound.theirs.set(stream),
    });
    if (isMine()) this._joined(link, mode);
    else {
      link.close();
      if (this.state.get().phase === "idle") this._abandon();
    }
  }

  /** The visitor pressed "End" while the server was still opening: what it opened is closed again. */
  private _abandon(): void {
    this._hangUp();
    this._world.emit("conversationEnd", { reason: "visitor" });
    this.startOver();
  }

  private _hangUp(): void {
    this.api.ask("sessions/end", {}).catch((thrown) => this._world.report(codeOf(thrown), "end"));
  }

  private _reachByVoice = async (events: PeerEvents, made: (link: Link) => void): Promise<void> => {
    const stream = this.sound.mine.get();
    if (!stream) throw new Problem("microphone_missing");
    const peer = this._world.peer(this.config.get() ?? { ice_servers: [] }, stream, events);
    made(peer);
    await peer.answer(await this.visit.reach("voice", await peer.offer()));
  };

  private _reachByText = async (events: PeerEvents, made: (link: Link) => void): Promise<void> => {
    const isKept = !!this.api.token;
    if (!isKept) await this.visit.reach("text", null);
    const { openWritten, beSure } = await this._late("unreachable");
    if (isKept) await beSure(this);
    made(openWritten(this.api, this.transcript.seen, events));
  };

  /** The late chunk, or a Problem with `code`. */
  private _late = (code: string): ReturnType<World["late"]> =>
    this._world.late().catch(() => {
      throw new Problem(code);
    });

  private _joined(link: Link, mode: Mode): void {
    const before = this.link;
    this.link = link;
    before?.close();
    if (mode === "voice") {
      link.send({ type: "hello", since: this.transcript.seen() });
      if (this._settings.options.startMuted && this.transcript.isNew) this.mute(true);
      if (this.sound.isByHold() || this.state.get().muted) link.send({ type: "mute", on: true });
    }
    this.move({ type: "live" });
    for (const written of this.transcript.unconfirmed) link.send({ type: "text", ...written });
  }

  private _receive(raw: unknown): void {
    const message = parse(raw);
    if (message?.type === "state") this.move({ type: "turn", to: message.state });
    else if (message?.type === "ended") this._finish(message.reason);
    else if (message?.type === "error") this.say(new Problem(message.code, message.message));
    else if (message?.type === "notice") {
      this.note.set(message.code);
      this._world.emit("notice", { code: message.code });
    } else if (message?.type === "message") {
      if (message.role === "user" && this.note.get() === "cannot_hear_you") this.note.set("");
      if (this.transcript.take(message)) this._world.emit("message", message);
    }
  }

  private _shaky(isShaky: boolean): void {
    clearTimeout(this._grace);
    if (isShaky) this._grace = setTimeout(() => this._lost(), GRACE_MS);
  }

  private _lost(code?: string): void {
    if (code) void this._fellShort("text", new Problem(code));
    else void this.rejoin();
  }

  /** The same session over a new connection; waits as backoff.ts says, less when the network is back. */
  async rejoin(): Promise<void> {
    const isWanted = this.newAttempt();
    const { mode, phase } = this.state.get();
    this.unlink();
    this.move(phase === "error" ? { type: "connect", mode } : { type: "lost" });
    this._world.emit("reconnecting", { mode });
    const work = async () => {
      if (mode === "voice") await this._hear(isWanted);
      await this._join(mode, isWanted);
    };
    try {
      const { persist } = await this._late("connection_lost");
      const isBack = await persist(this, { work, codeOf, isWanted });
      if (!isBack && isWanted()) throw new Problem("connection_lost");
    } catch (thrown) {
      if (isWanted()) void this._fellShort(mode, thrown);
    }
  }

  private _fail(thrown: unknown): void {
    const code = codeOf(thrown);
    this._drop();
    this._isOver = isSessionGone(code);
    if (this._isOver) this._world.resume.forget();
    this.say(thrown);
    this.note.set("");
    this.move({ type: "fail", code });
  }

  private _finish(reason: string): void {
    if (this._isOver) return;
    this._drop();
    this._isOver = true;
    this._world.resume.forget();
    this.move({ type: "finish", reason });
    this._world.emit("conversationEnd", { reason });
  }

  /** Tell the visitor beside the conversation, the page by an event, and the site owner on the console. */
  say(thrown: unknown): void {
    const code = codeOf(thrown);
    const message = thrown instanceof Problem ? thrown.message : String(thrown);
    this.note.set(code);
    this._world.report(code, message);
    this._world.emit("error", { code, message });
  }

  startOver(): void {
    this._isOver = false;
    this.visit.leave();
    this.transcript.clear();
    this.note.set("");
    this.move({ type: "restart" });
  }

  unlink(): void {
    clearTimeout(this._grace);
    this.link?.close();
    this.link = null;
  }

  private _drop(): void {
    this._attempt++;
    this.unlink();
    this.sound.release();
  }

  move(step: Step): void {
    const before = this.state.get();
    const now = next(before, step);
    if (now === before) return;
    this.state.set(now);
    this._world.emit("state", { state: shown(now), mode: now.mode, muted: now.muted });
  }
}
