/** Types of the host page's script, /w/host-v1.js. docs/softphone-embedding.md tells what everything is for. */

declare namespace Parloir {
  /** Makes a softphone; its frame is there only while there is a call. */
  function softphone<Request = unknown>(options: SoftphoneOptions<Request>): Softphone<Request>;

  interface SoftphoneOptions<Request = unknown> {
    /** Where the frame goes: an element, or a selector of it. */
    container: Element | string;
    /** Makes a call of what `dial` was given: asks your backend, and gives the link it answered. */
    link?: (request: Request) => string | Promise<string>;
    /** The frame's accessible name. */
    title?: string;
    language?: string;
    theme?: Theme;
    /** The frame is as tall as its page asks for; otherwise your style sheet decides. */
    autoHeight?: boolean;
    /** Our origin, when the script was not loaded from there. */
    server?: string;
  }

  /** Every promise is rejected with a `Problem` when it cannot be done. */
  interface Softphone<Request = unknown> {
    /** The call as last told; null before the first word. */
    readonly call: Call | null;
    dial(request: Request): Promise<Ready>;
    open(link: string): Promise<Ready>;
    hangup(): Promise<void>;
    mute(on?: boolean): Promise<void>;
    hold(on?: boolean): Promise<void>;
    record(on?: boolean): Promise<void>;
    dtmf(digits: string): Promise<void>;
    transfer(number: string): Promise<void>;
    /** Ids as the event `devices` gives them; "" is the standard one. */
    setDevices(devices: { microphone?: string; speaker?: string }): Promise<void>;
    setLanguage(tag: string): Promise<void>;
    setTheme(theme: Theme): Promise<void>;
    focus(): Promise<void>;
    close(): void;
    destroy(): void;
    /** Returns what takes the listener away again. */
    on<Name extends keyof Events>(event: Name, listener: (payload: Events[Name]) => void): () => void;
    /** Without a listener, every listener of the event goes. */
    off<Name extends keyof Events>(event: Name, listener?: (payload: Events[Name]) => void): void;
  }

  interface Problem extends Error {
    code: string;
    retryable: boolean;
  }

  type Theme = "light" | "dark" | "auto";
  type Role = "agent" | "talk" | "listen";

  interface Ready {
    role: Role;
    /** Those this role may use, as they are named on the wire. */
    commands: string[];
    call: Call;
  }

  interface Call {
    id: number;
    externalId: string | null;
    kind: "bridge" | "ai";
    direction: "outbound" | "inbound";
    state: "created" | "waiting_agent" | "dialing" | "ringing" | "in_progress" | "transferring" | "ended";
    outcome: "completed" | "busy" | "no_answer" | "failed" | "canceled" | "error" | null;
    reason: string | null;
    from: string | null;
    to: string | null;
    name: string | null;
    answeredAt: string | null;
    durationS: number;
    held: boolean;
    muted: boolean;
    recording: "none" | "recording" | "paused" | "processing" | "ready" | "failed";
    transcript: "none" | "recording" | "unavailable" | "ready" | "failed";
  }

  interface Device {
    id: string;
    /** Empty until a microphone was allowed. */
    label: string;
  }

  interface Events {
    ready: Ready;
    connected: { code: "" };
    disconnected: { code: string };
    "call.incoming": { call: Call };
    "call.outgoing": { call: Call };
    "call.changed": { call: Call };
    "call.ringing": { call: Call };
    "call.answered": { call: Call };
    "call.held": { on: boolean };
    "call.muted": { on: boolean };
    "call.transferring": { call: Call };
    "call.transferred": { call: Call };
    "call.reconnecting": object;
    "call.reconnected": object;
    /** This softphone is out of it, and the call goes on. */
    "call.left": { reason: "transferred" | "away" | "left"; call: Call };
    "call.ended": { outcome: Call["outcome"]; reason: string | null; durationMs: number; call: Call };
    screenpop: {
      direction: Call["direction"];
      number: string | null;
      name: string | null;
      externalId: string | null;
      callId: number;
    };
    transcript: { id: string; side: "customer" | "ours"; role: string; text: string; final: boolean };
    quality: { rttMs: number | null; jitterMs: number | null; lost: number | null; mos: number | null; heard: boolean };
    dtmf: { digit: string };
    permission: { microphone: string };
    devices: { microphones: Device[]; speakers: Device[]; microphone: string; speaker: string };
    "log.finalized": { callId: number; externalId: string | null; outcome: string; note: string };
    /** In CSS pixels. */
    resize: { height: number };
    focus: { on: boolean };
    error: { code: string; message: string };
  }
}

interface Window {
  readonly Parloir: typeof Parloir;
}
