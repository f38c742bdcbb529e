/** The softphone's line: microphone, peer connection, its return after a loss, and what the server says on it. */

import { GRACE_MS, waitBefore } from "../core/backoff";
import { codeOf } from "../core/errors";
import { signal } from "../core/signals";
import { stop } from "../rtc/microphone";
import { openMicrophone } from "../rtc/microphone_faults";
import { type Ice, Peer } from "../rtc/peer";
import { Answers } from "./answers";
import type { SoftphoneApi } from "./api";
import { Presence } from "./presence";
import type { Call, FromServer, Quality, Role, Segment, ToServer } from "./protocol";
import { readMessage } from "./protocol";

const PING_MS = 10_000;
const OPEN_TIMEOUT_MS = 10_000;
/** The server says levels five times a second; who hears nothing for so long is not connected any more. */
const SILENCE_MS = 6_000;
/** The same when the browser says that its network went, or came back as another one. */
const HURRY_MS = 1_000;
const WATCH_MS = 250;
/** Trying again cannot help with these. */
const FINAL = /^(session_|call_ended|call_transferred|left_call|agent_already|wrong_role|link_)/;

export type LinkState = "asking" | "connecting" | "on" | "lost" | "off";

export class Line {
  readonly call;
  readonly state = signal<LinkState>("off");
  /** The code of what went wrong for good, or "". */
  readonly failure = signal("");
  /** The code of the last refusal, or "". */
  readonly refusal = signal("");
  readonly segments = signal<readonly Segment[]>([]);
  readonly levels = signal<Record<string, number>>({});
  readonly quality = signal<Quality | null>(null);
  readonly theirs = signal<MediaStream | null>(null);
  readonly mine = signal<MediaStream | null>(null);
  readonly pressed = signal("");
  /** When `call` was told, on the page's clock: its duration counts from there. */
  toldAt = performance.now();
  private readonly _answers = new Answers();
  private readonly _presence: Presence;
  private _peer: Peer | null = null;
  private _device: string | undefined;
  private _isPaused = false;
  private _attempt = 0;
  private _lostAt = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _pinging: ReturnType<typeof setInterval> | undefined;
  private _watching: ReturnType<typeof setInterval> | undefined;
  private _heardAt = 0;
  private _patience = SILENCE_MS;

  constructor(
    private readonly api: SoftphoneApi,
    readonly role: Role,
    private readonly ice: Ice,
    call: Call,
  ) {
    this.call = signal(call);
    this._presence = new Presence(() => api.token);
  }

  /** Open the microphone (nobody asks a listener for it) and connect. */
  async start(): Promise<void> {
    this.failure.set("");
    try {
      if (this.role !== "listen" && this.mine.get()?.getAudioTracks()[0]?.readyState !== "live") {
        this.state.set("asking");
        this._hear(await openMicrophone(this._device));
      } else if (typeof RTCPeerConnection !== "function") return this._fail("webrtc_unsupported");
    } catch (thrown) {
      this._fail(codeOf(thrown));
      return;
    }
    this.state.set("connecting");
    await this._afresh();
  }

  /** The page is put aside, and may be shown again. Browsers keep only a page that has nothing open. */
  pause(): void {
    this._isPaused = this.call.get().state !== "ended" && !this.failure.get();
    if (!this._isPaused) return;
    this.api.leave();
    this.close();
    this.state.set("lost");
  }

  /** It is shown again, as it was. */
  resume(): void {
    if (!this._isPaused) return;
    this._isPaused = false;
    void this.start();
  }

  /** What the browser says of its network. Sound may still flow without one: only silence proves the loss. */
  network(isThere: boolean): void {
    this._patience = HURRY_MS;
    if (!isThere) return;
    if (this.failure.get() === "connection_lost") void this.start();
    else if (this.state.get() === "lost") void this._afresh();
  }

  send(message: ToServer): boolean {
    this.refusal.set("");
    return this._peer?.send(message) ?? false;
  }

  /** Send, and wait until the server did it. Rejects with its refusal, which nobody is shown. */
  ask(message: ToServer): Promise<void> {
    return this._answers.ask((id) => this._peer?.send({ ...message, id }) ?? false);
  }

  /** End it for everybody, and hear that it is done. Throws `Problem`. */
  async end(): Promise<void> {
    this.take((await this.api.hangup()).call);
  }

  /** Another microphone, on the same connection. */
  async choose(deviceId: string): Promise<void> {
    this._device = deviceId;
    try {
      const stream = await openMicrophone(deviceId);
      const before = this.mine.get();
      this._hear(stream);
      await this._peer?.replace(stream);
      stop(before);
    } catch (thrown) {
      this.refusal.set(codeOf(thrown));
    }
  }

  /** End it for everybody, by whichever way is open. */
  async hangup(): Promise<void> {
    if (this.send({ type: "hangup" })) return;
    try {
      this.take((await this.api.hangup()).call);
    } catch (thrown) {
      this.refusal.set(codeOf(thrown));
    }
  }

  /** Go alone; the others talk on. */
  leave(): void {
    this.send({ type: "leave" });
    this.api.leave();
    this._fail("left");
  }

  take(call: Call): void {
    this.toldAt = performance.now();
    this.call.set(call);
    if (call.state === "ended") this.close();
  }

  close(): void {
    this._presence.close();
    this._hush();
  }

  private _hush(): void {
    this._drop();
    stop(this.mine.get());
    this.mine.set(null);
    this.theirs.set(null);
    this.levels.set({});
    this.state.set("off");
  }

  private _hear(stream: MediaStream): void {
    this.mine.set(stream);
    const track = stream.getAudioTracks()[0];
    if (track) track.onended = () => this.mine.get() === stream && void this.choose("");
  }

  private _afresh(): Promise<void> {
    this._attempt = 0;
    this._lostAt = performance.now();
    return this._connect();
  }

  private async _connect(): Promise<void> {
    this._drop();
    const peer = new Peer(this.ice, this.mine.get(), {
      open: () => this._opened(),
      message: (raw) => this._read(raw),
      sound: (stream) => this.theirs.set(stream),
      lost: () => this._lost(),
      shaky: (isShaky) => {
        clearTimeout(this._timer);
        if (isShaky) this._timer = setTimeout(() => this._lost(), GRACE_MS);
      },
    });
    this._peer = peer;
    try {
      const connected = await this.api.connect(await peer.offer());
      if (peer !== this._peer) return;
      this.take(connected.call);
      if (peer !== this._peer) return;
      await peer.answer(connected);
      this._timer = setTimeout(() => this._lost(), OPEN_TIMEOUT_MS);
    } catch (thrown) {
      if (peer !== this._peer) return;
      const code = codeOf(thrown);
      if (FINAL.test(code)) await this._over(code);
      else this._lost();
    }
  }

  private _opened(): void {
    clearTimeout(this._timer);
    this._attempt = 0;
    this._lostAt = 0;
    this.state.set("on");
    const since = this.segments.get().reduce((last, { seq }) => Math.max(last, seq ?? 0), 0);
    this.send({ type: "hello", since });
    this._presence.open();
    this._pinging = setInterval(() => this._peer?.send({ type: "ping" }), PING_MS);
    this._heardAt = performance.now();
    this._watching = setInterval(() => performance.now() - this._heardAt > this._patience && this._lost(), WATCH_MS);
  }

  private _lost(): void {
    this._drop();
    if (this.call.get().state === "ended") return;
    if (!this._lostAt) this._lostAt = performance.now();
    const wait = waitBefore(this._attempt, performance.now() - this._lostAt);
    if (wait === null) {
      this._fail("connection_lost");
      return;
    }
    this._attempt += 1;
    this.levels.set({});
    this.state.set("lost");
    this._timer = setTimeout(() => void this._connect(), wait);
  }

  /** The server said no for good: show the end of the call if that is why. */
  private async _over(code: string): Promise<void> {
    if (code !== "call_ended") {
      this._fail(code);
      return;
    }
    try {
      this.take((await this.api.seen()).call);
    } catch (thrown) {
      this._fail(codeOf(thrown));
    }
  }

  private _fail(code: string): void {
    if (code === "connection_lost") this._hush();
    else this.close(); // a page that merely gave up is still there
    this.failure.set(code);
  }

  private _drop(): void {
    clearTimeout(this._timer);
    clearInterval(this._pinging);
    clearInterval(this._watching);
    const peer = this._peer;
    this._peer = null;
    peer?.close();
    this._answers.giveUp();
  }

  private _read(raw: unknown): void {
    this._heardAt = performance.now();
    if (navigator.onLine) this._patience = SILENCE_MS;
    const message: FromServer | null = readMessage(raw);
    if (!message) return;
    if (message.type === "call") this.take(message.call);
    else if (message.type === "segment") this._place(message);
    else if (message.type === "levels") this.levels.set(message.levels);
    else if (message.type === "quality") this.quality.set(message);
    else if (message.type === "dtmf") this.pressed.set(message.digit);
    else if (message.type === "left") this._fail(`call_${message.reason}`);
    else if (message.type === "done") this._answers.done(message.re);
    else if (message.type === "error" && !this._answers.refuse(message.re ?? "", message.code)) {
      this.refusal.set(message.code);
    }
  }

  private _place(segment: Segment): void {
    const known = this.segments.get();
    const at = known.findIndex(({ id }) => id === segment.id);
    this.segments.set(at < 0 ? [...known, segment] : known.map((one, place) => (place === at ? segment : one)));
  }
}
