/** The handset's line to the server: its number, the call that rings or runs, the sound of it, and its messages. */

import { signal } from "../core/signals";
import { KeyedPeer } from "../rtc/keyed_peer";
import { stop } from "../rtc/microphone";
import { openMicrophone } from "../rtc/microphone_faults";

const PING_MS = 15_000;
const DIGITS_MAX = 24;
const RECENTS_MAX = 6;
const MESSAGES_MAX = 20;

export type State =
  | "opening"
  | "idle"
  | "calling"
  | "ringing"
  | "connecting"
  | "talking"
  | "lost"
  | "taken"
  | "expired";

/** Why a call that was dialled came to nothing. */
export type Refusal = "busy" | "declined" | "unreachable" | "failed" | "invalid" | "microphone";

export interface Recent {
  number: string;
  way: "in" | "out" | "missed";
}

export interface Message {
  id: string;
  to: string;
  text: string;
  /** "" while it is on its way, then "sent" or why it was not. */
  state: string;
}

interface Said {
  type: string;
  id?: string;
  number?: string;
  from?: string | null;
  sdp?: string;
  digit?: string;
  code?: string;
  reason?: string;
}

const REFUSALS: Record<string, Refusal> = {
  busy: "busy",
  declined: "declined",
  no_answer: "declined",
  unreachable: "unreachable",
  invalid_phone_number: "invalid",
};

export class Phone {
  readonly state = signal<State>("opening");
  readonly number = signal("");
  /** The other party's number. */
  readonly other = signal("");
  readonly isMuted = signal(false);
  readonly digits = signal("");
  readonly refusal = signal<"" | Refusal>("");
  readonly theirs = signal<MediaStream | null>(null);
  readonly recents = signal<readonly Recent[]>([]);
  readonly messages = signal<readonly Message[]>([]);
  private _socket: WebSocket | null = null;
  private _peer: KeyedPeer | null = null;
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
      for (const { id, state } of this.messages.get()) if (!state) this._settle(id, "not_connected");
      if (this.state.get() !== "taken" && this.state.get() !== "expired") this.state.set("lost");
    };
  }

  async answer(): Promise<void> {
    if (this.state.get() !== "ringing") return;
    this.state.set("connecting");
    if (!(await this._offer((sdp) => ({ type: "answer", sdp })))) this.state.set("ringing");
  }

  async dial(to: string): Promise<void> {
    if (this.state.get() !== "idle" || !to) return;
    this._call++;
    this.refusal.set("");
    this.other.set(to);
    this._remember(to, "out");
    this.state.set("calling");
    if (!(await this._offer((sdp) => ({ type: "dial", to, sdp })))) this.state.set("idle");
  }

  text(to: string, text: string): void {
    const message = { id: crypto.randomUUID(), to, text, state: "" };
    this.messages.set([...this.messages.get(), message].slice(-MESSAGES_MAX));
    if (!this._say({ type: "sms", id: message.id, to, text })) this._settle(message.id, "not_connected");
  }

  decline = (): void => void this._say({ type: "decline" });

  hangup = (): void => {
    if (this.state.get() === "calling" && !this._peer) {
      this._over();
      this.state.set("idle");
    } else this._say({ type: "hangup" });
  };

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
      this.refusal.set("");
      this.other.set(said.from ?? "");
      this._remember(said.from ?? "", "in");
      this.state.set("ringing");
    } else if (said.type === "answer") await this._peer?.answer({ answer: said.sdp ?? null });
    else if (said.type === "connected") this.state.set("talking");
    else if (said.type === "dtmf") this.digits.set((this.digits.get() + said.digit).slice(-DIGITS_MAX));
    else if (said.type === "cancelled" || said.type === "ended") this._ended(said);
    else if (said.type === "sms_sent") this._settle(said.id ?? "", "sent");
    else if (said.type === "sms_failed") this._settle(said.id ?? "", said.code ?? "failed");
    else if (said.type === "error") this._refused(said.code ?? "");
  }

  private _ended({ type, reason }: Said): void {
    const [last, ...others] = this.recents.get();
    if (type === "cancelled" && last?.way === "in") this.recents.set([{ ...last, way: "missed" }, ...others]);
    const wasCalling = this.state.get() === "calling";
    this._over();
    if (wasCalling && reason !== "hangup" && reason !== "canceled")
      this.refusal.set(REFUSALS[reason ?? ""] ?? "failed");
    this.state.set("idle");
  }

  private _refused(code: string): void {
    const state = this.state.get();
    if (state === "opening")
      this.state.set(code === "number_taken" ? "taken" : code.startsWith("session_") ? "expired" : "lost");
    else if (state === "calling") {
      this._over();
      this.refusal.set(REFUSALS[code] ?? "failed");
      this.state.set("idle");
    }
  }

  /** Open the microphone and send our offer; false when there is none, or when the call is over meanwhile. */
  private async _offer(message: (sdp: string) => object): Promise<boolean> {
    const call = this._call;
    try {
      const mine = await openMicrophone();
      if (call !== this._call) {
        stop(mine);
        return true;
      }
      this._mine = mine;
      this._peer = new KeyedPeer({ ice_servers: [] }, mine, {
        open() {},
        message() {},
        lost: () => this.hangup(),
        shaky() {},
        sound: (stream) => this.theirs.set(stream),
      });
      const offer = await this._peer.offer();
      if (call === this._call) this._say(message(offer));
      return true;
    } catch {
      if (call !== this._call) return true;
      this._over();
      this.refusal.set("microphone");
      return false;
    }
  }

  private _remember(number: string, way: Recent["way"]): void {
    const others = this.recents.get().filter((recent) => recent.number !== number);
    if (number) this.recents.set([{ number, way }, ...others].slice(0, RECENTS_MAX));
  }

  private _settle(id: string, state: string): void {
    this.messages.set(this.messages.get().map((message) => (message.id === id ? { ...message, state } : message)));
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
    this.refusal.set("");
  }

  private _say(message: object): boolean {
    if (this._socket?.readyState !== WebSocket.OPEN) return false;
    this._socket.send(JSON.stringify(message));
    return true;
  }
}
