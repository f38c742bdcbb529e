/** One visitor's conversation: turns what they press into sessions and links, and what arrives into signals. */

import type { Link, PeerEvents } from "../rtc/peer";
import { GRACE_MS } from "./backoff";
import { codeOf, isSessionGone, Problem, writesInstead } from "./errors";
import { join } from "./joining";
import { type AgentConfig, parse } from "./protocol";
import { type Signal, signal } from "./signals";
import { Sound } from "./sound";
import { type CallState, FIRST, isLive, isOngoing, type Mode, next, type Step, shown } from "./state";
import { Transcript } from "./transcript";
import { Visit } from "./visit";
import type { Settings, VoiceLink, World } from "./world";

export class Conversation {
  readonly state = signal<CallState>(FIRST);
  readonly config: Signal<AgentConfig | null>;
  /** A notice of the server, or the reason why we write instead of talking: a code, or nothing. */
  readonly note = signal("");
  readonly transcript = new Transcript();
  readonly sound: Sound;

  private readonly _visit: Visit;
  private _link: Link | null = null;
  /** Every beginning has a number: what an earlier one still brings is not wanted any more. */
  private _attempt = 0;
  private _wanted: Mode = "voice";
  private _isOver = false;
  private _grace: ReturnType<typeof setTimeout> | undefined;
  private _wake: (() => void) | null = null;

  constructor(
    private readonly settings: Settings,
    private readonly world: World,
  ) {
    this._visit = new Visit(settings, world, ({ messages }, isNews) => {
      for (const message of messages) {
        if (this.transcript.take(message) && isNews) world.emit("message", message);
      }
    });
    this.config = this._visit.config;
    this.sound = new Sound(
      world.microphone,
      () => settings.options.pushToTalk,
      () => void this.choose(),
    );
  }

  /** Ask who answers here; spends nothing. A kept session goes on instead. */
  async open(): Promise<void> {
    if (this.state.get().phase !== "idle") return;
    const token = this.world.resume.read();
    try {
      if (token && !this.world.api.token) await this._goOn(token);
      else await this._visit.load();
    } catch (thrown) {
      this._fail(thrown);
    }
  }

  /** Talk or write; voice when the agent and this page can. In a written conversation, `voice` adds sound. */
  async start(mode?: Mode): Promise<void> {
    const state = this.state.get();
    if (isLive(state) ? mode !== "voice" || state.mode === "voice" : /ing$/.test(state.phase)) return;
    try {
      const config = await this._visit.load();
      const canTalk = config.voice && !this.settings.options.textOnly;
      this._wanted = canTalk && mode !== "text" ? "voice" : "text";
      if (mode === "voice" && !canTalk) this.note.set("voice_unavailable");
      if (this._visit.needsConsent) this._move({ type: "ask" });
      else await this._begin(this._wanted);
    } catch (thrown) {
      this._fail(thrown);
    }
  }

  /** The visitor agreed to what was shown; still inside their click. */
  agree(mode: Mode = this._wanted): void {
    this._visit.agree();
    void this._begin(mode);
  }

  /** The version of the terms that the visitor is asked to agree to. */
  get consentVersion(): string {
    return this._visit.version;
  }

  decline(): void {
    this.transcript.clear();
    this._move({ type: "decline" });
  }

  /** Written words; they start a conversation when there is none, and wait while there is no connection. */
  sendText(text: string): void {
    if (!text.trim()) return;
    if (this._isOver) this._startOver();
    const written = this.transcript.write(text.trim());
    if (!this._link?.send({ type: "text", ...written })) void this.start("text");
  }

  mute(on: boolean): void {
    this._move({ type: "mute", on });
    this.sound.mute(on);
    this._link?.send({ type: "mute", on });
  }

  /** Hold-to-talk: pressed or released. */
  talk(on: boolean): void {
    if (on === this.sound.held.get() || !isLive(this.state.get())) return;
    this.sound.hold(on);
    this._link?.send({ type: "talk", on });
  }

  /** There is nothing to hold: muted, and from here on as in any call. */
  stopHolding(): void {
    if (!this.sound.isByHold()) return;
    this.sound.cannotHold.set(true);
    this.mute(true);
  }

  /** Hang up, or stop connecting. */
  end(): void {
    const { api } = this.world;
    if (api.token && !this._isOver) {
      this._link?.send({ type: "end" });
      api.end().catch((thrown) => this.world.report(codeOf(thrown), "end"));
      this._finish("visitor");
    } else {
      this._drop();
      this._move({ type: "restart" });
    }
  }

  rate = (score: number): Promise<object> => this.world.api.rate(score, null);

  /** After an end or an error: again, with the same session if it still lives. */
  again(): void {
    if (this._isOver) this._startOver();
    this.note.set("");
    if (this.world.api.token) void this._rejoin();
    else void this.start(this._wanted);
  }

  /** Another microphone, also in the middle of a call. */
  async choose(deviceId?: string): Promise<void> {
    try {
      const stream = await this.sound.choose(deviceId);
      if (stream) await (this._link as VoiceLink | null)?.replace?.(stream);
    } catch (thrown) {
      this._say(codeOf(thrown), thrown);
    }
  }

  /** The browser says that the network is back, or gone. */
  network(isOnline: boolean): void {
    if (isOnline) this._wake?.();
    else if (isLive(this.state.get())) void this._rejoin();
  }

  /** The page goes into the browser's back/forward cache: a living connection would keep it out. */
  park(): void {
    if (!isOngoing(this.state.get())) return;
    this._attempt++;
    this._unlink();
    this._move({ type: "lost" });
  }

  unpark(): void {
    if (this.state.get().phase === "reconnecting") void this._rejoin();
  }

  /** Let go of everything; the session stays on the server for a moment, for the next page. */
  close(): void {
    this._drop();
    this._wake?.();
  }

  private async _goOn(token: string): Promise<void> {
    try {
      const { mode } = await this._visit.goOn(token);
      const talks = mode === "voice" && this.config.get()?.voice && (await this.world.isMicrophoneAllowed());
      await this._begin(talks ? "voice" : "text");
    } catch (thrown) {
      if (!isSessionGone(codeOf(thrown))) throw thrown;
      this.world.resume.forget();
      this._startOver();
      await this._visit.load();
    }
  }

  private async _begin(mode: Mode): Promise<void> {
    const attempt = ++this._attempt;
    if (this._isOver) this._startOver();
    this._wanted = mode;
    try {
      if (mode === "voice") await this._hear(attempt);
      if (attempt !== this._attempt) return;
      this._move({ type: "connect", mode });
      await this._join(mode, attempt);
    } catch (thrown) {
      if (attempt === this._attempt) this._fellShort(mode, thrown);
    }
  }

  private _hear = (attempt: number): Promise<void> =>
    this.sound.hear(
      () => attempt === this._attempt,
      () => this._move({ type: "request" }),
    );

  /** Voice that cannot be becomes writing, said in words; what cannot be helped becomes an error. */
  private _fellShort(mode: Mode, thrown: unknown): void {
    const code = codeOf(thrown);
    if (code === "session_ended") this._finish("server");
    else if (code === "consent_required") {
      this._visit.disagree();
      this._say(code, thrown);
      this._move({ type: "restart" });
      void this.start(mode);
    } else if (mode === "voice" && writesInstead(code)) {
      this._say(code, thrown);
      this.sound.release();
      if (this._link) this._move({ type: "live" });
      else void this._begin("text");
    } else this._fail(thrown);
  }

  /** Reach the server and wait until control messages flow. */
  private async _join(mode: Mode, attempt: number): Promise<void> {
    const isMine = () => attempt === this._attempt;
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
    this.world.api.end().catch((thrown) => this.world.report(codeOf(thrown), "end"));
    this.world.resume.forget();
    this.world.emit("conversationEnd", { reason: "visitor" });
    this._startOver();
  }

  private _reachByVoice = async (events: PeerEvents, made: (link: Link) => void): Promise<void> => {
    const stream = this.sound.mine.get();
    if (!stream) throw new Problem("microphone_missing");
    const peer = this.world.peer(this.config.get()?.ice_servers ?? [], stream, events);
    made(peer);
    await peer.answer(await this._visit.reach("voice", await peer.offer()));
  };

  private _reachByText = async (events: PeerEvents, made: (link: Link) => void): Promise<void> => {
    await this._visit.reach("text", null);
    const { openWritten } = await this._late("unreachable");
    made(openWritten(this.world.api, this.transcript.seen, events));
  };

  /** The late chunk, or a Problem with `code`. */
  private _late = (code: string): ReturnType<World["late"]> =>
    this.world.late().catch(() => {
      throw new Problem(code);
    });

  private _joined(link: Link, mode: Mode): void {
    const before = this._link;
    this._link = link;
    before?.close();
    if (mode === "voice") {
      link.send({ type: "hello", since: this.transcript.seen() });
      if (this.settings.options.startMuted && this.transcript.isNew) this.mute(true);
      if (this.sound.isByHold() || this.state.get().muted) link.send({ type: "mute", on: true });
    }
    this._move({ type: "live" });
    for (const written of this.transcript.unconfirmed) link.send({ type: "text", ...written });
  }

  private _receive(raw: unknown): void {
    const message = parse(raw);
    if (message?.type === "state") this._move({ type: "turn", to: message.state });
    else if (message?.type === "ended") this._finish(message.reason);
    else if (message?.type === "error") this._say(message.code, new Problem(message.code, message.message));
    else if (message?.type === "notice") {
      this.note.set(message.code);
      this.world.emit("notice", { code: message.code });
    } else if (message?.type === "message") {
      if (message.role === "user" && this.note.get() === "cannot_hear_you") this.note.set("");
      if (this.transcript.take(message)) this.world.emit("message", message);
    }
  }

  private _shaky(isShaky: boolean): void {
    clearTimeout(this._grace);
    if (isShaky) this._grace = setTimeout(() => this._lost(), GRACE_MS);
  }

  private _lost(code?: string): void {
    if (code === "session_ended") this._finish("server");
    else if (code) this._fail(new Problem(code));
    else void this._rejoin();
  }

  /** The same session over a new connection; waits as backoff.ts says, less when the network is back. */
  private async _rejoin(): Promise<void> {
    const attempt = ++this._attempt;
    const isWanted = () => attempt === this._attempt;
    const { mode } = this.state.get();
    this._unlink();
    if (this.state.get().phase === "error") this._move({ type: "connect", mode });
    else this._move({ type: "lost" });
    this.world.emit("reconnecting", { mode });
    const work = async () => {
      if (mode === "voice") await this._hear(attempt);
      await this._join(mode, attempt);
    };
    const onWait = (wake: () => void) => {
      this._wake = wake;
    };
    try {
      const { persist } = await this._late("connection_lost");
      const isBack = await persist({ work, codeOf, isWanted, onWait, now: this.world.now });
      if (isBack) this.transcript.markGap();
      else if (isWanted()) this._fail(new Problem("connection_lost"));
    } catch (thrown) {
      if (isWanted()) this._fellShort(mode, thrown);
    }
  }

  private _fail(thrown: unknown): void {
    const code = codeOf(thrown);
    this._drop();
    this._isOver = isSessionGone(code);
    if (this._isOver) this.world.resume.forget();
    this._say(code, thrown);
    this.note.set("");
    this._move({ type: "fail", code });
  }

  private _finish(reason: string): void {
    if (this._isOver) return;
    this._drop();
    this._isOver = true;
    this.world.resume.forget();
    this._move({ type: "finish", reason });
    this.world.emit("conversationEnd", { reason });
  }

  /** Tell the visitor beside the conversation, the page by an event, and the site owner on the console. */
  private _say(code: string, thrown: unknown): void {
    const message = thrown instanceof Problem ? thrown.message : String(thrown);
    this.note.set(code);
    this.world.report(code, message);
    this.world.emit("error", { code, message });
  }

  private _startOver(): void {
    this._isOver = false;
    this._visit.leave();
    this.transcript.clear();
    this.note.set("");
    this._move({ type: "restart" });
  }

  private _unlink(): void {
    clearTimeout(this._grace);
    this._link?.close();
    this._link = null;
  }

  private _drop(): void {
    this._attempt++;
    this._unlink();
    this.sound.release();
  }

  private _move(step: Step): void {
    const before = this.state.get();
    const now = next(before, step);
    if (now === before) return;
    this.state.set(now);
    this.world.emit("state", { state: shown(now), mode: now.mode, muted: now.muted });
  }
}
