/** The softphone's word with the page around it: events out, commands in, as far as the role of this link may. */

import { codeOf } from "../core/errors";
import { apart, effect } from "../core/signals";
import { meetParent } from "../frame/handshake";
import { COMMANDS, type Command, type FrameEvent, PENDING_MAX, readCommand } from "../frame/protocol";
import type { Devices } from "./devices";
import { watchHeight } from "./height";
import type { Line } from "./line";
import type { Call, Role, Segment } from "./protocol";
import { publicCall, told } from "./told";

const OUTBOX_MAX = 100;
/** Failures that are a way to leave: the call goes on without this page. */
const LEFT: Record<string, string> = { call_transferred: "transferred", left_call: "away", left: "left" };
const RETRYABLE = /^(timeout|not_connected|not_ready|too_many_commands)$/;

/** What the page itself does of a command. */
export interface Looks {
  language(tag: string): void;
  theme(name: string): void;
  focus(): void;
}

export class HostPage {
  private _port: MessagePort | null = null;
  private _outbox: FrameEvent[] = [];
  private _line: Line | null = null;
  private _devices: Devices | null = null;
  private _pending = 0;

  /** `origin` of the parent; "": nobody is told anything. */
  constructor(
    private readonly _origin: string,
    private readonly _looks: Looks,
  ) {
    if (!_origin) return;
    meetParent(_origin, (port) => {
      this._port = port;
      port.onmessage = ({ data }) => void this._take(data);
      for (const event of this._outbox.splice(0)) port.postMessage(event);
    });
    watchHeight((height) => this.tell("resize", { height }));
    for (const on of [true, false]) addEventListener(on ? "focus" : "blur", () => this.tell("focus", { on }));
  }

  tell(type: string, payload: Record<string, unknown>): void {
    if (!this._origin) return;
    if (this._port) this._port.postMessage({ type, payload });
    else if (this._outbox.length < OUTBOX_MAX) this._outbox.push({ type, payload });
  }

  fail(code: string): void {
    this.tell("error", { code, message: `The softphone says: ${code}.` });
  }

  /** Tell of `line` from now on. */
  follow(line: Line, devices: Devices): void {
    if (!this._origin) return;
    this._line = line;
    this._devices = devices;
    const commands = Object.entries(COMMANDS)
      .filter(([, { roles }]) => roles.split(" ").includes(line.role))
      .map(([name]) => name);
    this.tell("ready", { role: line.role, commands, call: publicCall(line.call.get()) });
    this._followCall(line);
    this._followConnection(line);
    this._followWords(line);
    this._followDevices(devices);
    effect(() => {
      const now = line.quality.get();
      if (!now) return;
      this.tell("quality", {
        rttMs: now.rtt_ms,
        jitterMs: now.jitter_ms,
        lost: now.lost,
        mos: now.mos,
        heard: now.heard,
      });
    });
    effect(() => {
      const digit = line.pressed.get();
      if (digit) this.tell("dtmf", { digit });
    });
  }

  private _followCall(line: Line): void {
    let before: Call | null = null;
    effect(() => {
      const now = line.call.get();
      for (const { type, payload } of told(before, now, line.role)) this.tell(type, payload);
      before = now;
    });
  }

  private _followConnection(line: Line): void {
    let wasLost = false;
    effect(() => {
      const isLost = line.state.get() === "lost";
      const isBack = line.state.get() === "on";
      if (isLost && !wasLost) this.tell("call.reconnecting", {});
      if (isBack && wasLost) this.tell("call.reconnected", {});
      if (isLost || isBack) wasLost = isLost;
    });
    effect(() => {
      if (line.mine.get()) this.tell("permission", { microphone: "granted" });
    });
    effect(() => {
      const code = line.failure.get();
      if (!code) return;
      if (LEFT[code]) {
        const call = publicCall(apart(() => line.call.get()));
        if (LEFT[code] === "transferred") this.tell("call.transferred", { call });
        this.tell("call.left", { reason: LEFT[code], call });
        return;
      }
      if (code.startsWith("microphone_")) this.tell("permission", { microphone: code.slice("microphone_".length) });
      this.fail(code);
    });
  }

  private _followDevices(devices: Devices): void {
    let told = "";
    effect(() => {
      const now = {
        microphones: devices.choices("audioinput"),
        speakers: devices.choices("audiooutput"),
        microphone: devices.microphone,
        speaker: devices.speaker.get(),
      };
      const same = told === JSON.stringify(now);
      told = JSON.stringify(now);
      if (!same) this.tell("devices", now);
    });
  }

  private _followWords(line: Line): void {
    let before: readonly Segment[] = [];
    effect(() => {
      const now = line.segments.get();
      const known = new Set(before);
      for (const one of now) {
        if (known.has(one)) continue;
        const { id, side, role, text, final } = one;
        this.tell("transcript", { id, side, role, text, final });
      }
      before = now;
    });
  }

  private async _take(raw: unknown): Promise<void> {
    const command = readCommand(raw);
    if ("code" in command) {
      if (command.id === null) this.fail(command.code);
      else this._answer(command.id, command.code);
      return;
    }
    if (this._pending >= PENDING_MAX) {
      this._answer(command.id, "too_many_commands");
      return;
    }
    this._pending += 1;
    let code = "";
    try {
      code = await this._do(command);
    } catch (thrown) {
      code = codeOf(thrown);
    }
    this._pending -= 1;
    this._answer(command.id, code);
  }

  private _answer(id: number, code: string): void {
    const error = { code, message: `The softphone refused: ${code}.`, retryable: RETRYABLE.test(code) };
    this._port?.postMessage(code ? { id, error } : { id, ok: true });
  }

  /** The code of why not, or "". */
  private async _do({ type, value }: Command): Promise<string> {
    const line = this._line;
    if (type === "set_language") this._looks.language(value as string);
    else if (type === "set_theme") this._looks.theme(value as string);
    else if (type === "focus") this._looks.focus();
    else {
      if (!line) return "not_ready";
      if (!mayDo(type, line.role)) return "wrong_role";
      if (type === "set_microphone") await this._devices?.speakInto(value as string);
      else if (type === "set_speaker") await this._devices?.hearThrough(value as string);
      else if (line.call.get().state === "ended") return type === "hangup" ? "" : "call_ended";
      else if (LEFT[line.failure.get()]) return "left_call";
      else await order(line, type, value);
    }
    return "";
  }
}

const mayDo = (type: Command["type"], role: Role) => COMMANDS[type].roles.split(" ").includes(role);

function order(line: Line, type: Command["type"], value: Command["value"]): Promise<void> {
  if (type === "mute" || type === "hold" || type === "record") return line.ask({ type, on: value === true });
  if (type === "dtmf") return line.ask({ type, digits: String(value) });
  if (type === "transfer") return line.ask({ type, to: String(value) });
  return line.end();
}
