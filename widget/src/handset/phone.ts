/** The handset's line to the server: its number, the call that rings or runs, and the sound of it. */

import { signal } from "../core/signals";
import { openMicrophone, stop } from "../rtc/microphone";
import { Peer } from "../rtc/peer";

const PING_MS = 15_000;
const DIGITS_MAX = 24;

export type State = "opening" | "idle" | "ringing" | "connecting" | "talking" | "lost" | "taken" | "expired";

interface Said {
  type: string;
  number?: string;
  from?: string | null;
  sdp?: string;
  digit?: string;
  code?: string;
}

export class Phone {
  readonly state = signal<State>("opening");
  readonly number = signal("");
  readonly from = signal("");
  readonly isMuted = signal(false);
  readonly digits = signal("");
  readonly failure = signal<"" | "microphone">("");
  readonly theirs = signal<MediaStream | null>(null);
  private _socket: WebSocket | null = null;
  private _peer: Peer | null = null;
  private _mine: MediaStream | null = null;
  private _call = 0;

  constructor(private readonly ticket: string) {}

  open(): void {
    this.state.set("opening");
    const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/handset/socket`);
    this._socket = socket;
    const pinging = setInterval(() => this._say({ type: "ping" }), PING_MS);
    socket.onopen = () => this._say({ type: "hello", t: this.ticket });
    socket.onmessage = ({ data }) => void this._heard(JSON.parse(data));
    socket.onclose = () => {
      clearInterval(pinging);
      this._over();
      if (this.state.get() !== "taken" && this.state.get() !== "expired") this.state.set("lost");
    };
  }

  async answer(): Promise<void> {
    if (this.state.get() !== "ringing") return;
    const call = this._call;
    this.state.set("connecting");
    try {
      const mine = await openMicrophone();
      if (call !== this._call) return stop(mine);
      this._mine = mine;
      this._peer = new Peer([], mine, {
        open() {},
        message() {},
        lost: () => this.hangup(),
        shaky() {},
        sound: (stream) => this.theirs.set(stream),
      });
      this._say({ type: "answer", sdp: await this._peer.offer() });
    } catch {
      if (call !== this._call) return;
      this.failure.set("microphone");
      this.state.set("ringing");
    }
  }

  decline = (): void => this._say({ type: "decline" });

  hangup = (): void => this._say({ type: "hangup" });

  press(digit: string): void {
    this.digits.set((this.digits.get() + digit).slice(-DIGITS_MAX));
    if (!this._peer?.press(digit)) this._say({ type: "dtmf", digit });
  }

  mute(on: boolean): void {
    this.isMuted.set(on);
    for (const track of this._mine?.getAudioTracks() ?? []) track.enabled = !on;
    this._say({ type: "mute", on });
  }

  private async _heard(said: Said): Promise<void> {
    if (said.type === "ready") {
      this.number.set(said.number ?? "");
      this.state.set("idle");
    } else if (said.type === "ring") {
      this._call++;
      this.from.set(said.from ?? "");
      this.state.set("ringing");
    } else if (said.type === "answer") await this._peer?.answer(said.sdp ?? null);
    else if (said.type === "connected") this.state.set("talking");
    else if (said.type === "dtmf") this.digits.set((this.digits.get() + said.digit).slice(-DIGITS_MAX));
    else if (said.type === "cancelled" || said.type === "ended") {
      this._over();
      this.state.set("idle");
    } else if (said.type === "error" && this.state.get() === "opening")
      this.state.set(said.code === "number_taken" ? "taken" : said.code?.startsWith("session_") ? "expired" : "lost");
  }

  /** The call is; the telephone stays. */
  private _over(): void {
    this._call++;
    this._peer?.close();
    stop(this._mine);
    this._peer = this._mine = null;
    this.theirs.set(null);
    this.isMuted.set(false);
    this.digits.set("");
    this.failure.set("");
  }

  private _say(message: object): void {
    if (this._socket?.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(message));
  }
}
