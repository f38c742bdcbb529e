/** What arrives at either end is believed only as far as the table goes; everything else has a code. */

import { describe, expect, it } from "vitest";
import { COMMANDS, commonVersion, readCommand, readConnect, readFromFrame, readHello } from "../../src/frame/protocol";

const NONCE = "a2f5c8d0-1111-4222-8333-444455556666";
const GOOD: Record<keyof typeof COMMANDS, Record<string, unknown>> = {
  hangup: {},
  mute: { on: true },
  hold: { on: false },
  record: { on: true },
  dtmf: { digits: "12#*A" },
  transfer: { to: "+33 6 12 34 56 78" },
  set_language: { language: "fr-MA" },
  set_theme: { theme: "dark" },
  set_microphone: { id: "a0f3+/=-_9" },
  set_speaker: { id: "" },
  focus: {},
};

describe("a command", () => {
  it.each(Object.entries(GOOD))("%s is read as it was meant", (type, payload) => {
    const value = Object.values(payload)[0] ?? null;
    expect(readCommand({ id: 3, type, payload })).toEqual({ id: 3, type, value });
  });

  it.each(Object.entries(GOOD))("%s takes nothing else, and not without its field", (type, payload) => {
    const refused = { id: 3, code: "invalid_message" };
    expect(readCommand({ id: 3, type, payload: { ...payload, more: 1 } })).toEqual(refused);
    expect(readCommand({ id: 3, type, payload, more: 1 })).toEqual(refused);
    expect(readCommand({ id: 3, type, payload: null })).toEqual(refused);
    if (Object.keys(payload).length) expect(readCommand({ id: 3, type, payload: {} })).toEqual(refused);
  });

  it.each([
    ["mute", { on: "yes" }],
    ["mute", { on: 1 }],
    ["dtmf", { digits: "" }],
    ["dtmf", { digits: "12x" }],
    ["dtmf", { digits: "1".repeat(33) }],
    ["dtmf", { digits: ["1"] }],
    ["transfer", { to: "javascript:alert(1)" }],
    ["transfer", { to: "9".repeat(41) }],
    ["set_language", { language: "<b>" }],
    ["set_theme", { theme: "neon" }],
    ["set_speaker", { id: "<b>" }],
    ["set_microphone", { id: "a".repeat(129) }],
  ])("%s refuses %j", (type, payload) => {
    expect(readCommand({ id: 1, type, payload })).toEqual({ id: 1, code: "invalid_message" });
  });

  it.each(["answer", "toString", "__proto__", "", 5, null])("of the type %j is not supported", (type) => {
    expect(readCommand({ id: 9, type, payload: {} })).toEqual({ id: 9, code: "unsupported_type" });
  });

  it.each([null, undefined, "hangup", 4, [], { type: "hangup" }, { id: 0 }, { id: -1 }, { id: 1.5 }, { id: "1" }])(
    "%j without a usable id is refused for everybody to hear",
    (raw) => {
      expect(readCommand(raw)).toEqual({ id: null, code: "invalid_message" });
    },
  );

  it("lets a listener command nothing of the call, and a talker only its own mute", () => {
    const may = (role: string) =>
      Object.entries(COMMANDS)
        .filter(([, { roles }]) => roles.split(" ").includes(role))
        .map(([name]) => name);
    expect(may("listen")).toEqual(["set_language", "set_theme", "set_speaker", "focus"]);
    expect(may("talk")).toEqual(["mute", "set_language", "set_theme", "set_microphone", "set_speaker", "focus"]);
    expect(may("agent")).toEqual(Object.keys(COMMANDS));
  });
});

describe("what a frame says", () => {
  it("is an event with its fields, of their kinds", () => {
    const event = { type: "call.held", payload: { on: true } };
    expect(readFromFrame(event)).toEqual(event);
    expect(
      readFromFrame({ type: "quality", payload: { rttMs: null, jitterMs: 2, lost: 0, mos: null, heard: true } }),
    ).toMatchObject({ type: "quality" });
  });

  it.each([
    [{ type: "call.held", payload: {} }, "invalid_message"],
    [{ type: "call.held", payload: { on: null } }, "invalid_message"],
    [{ type: "call.held", payload: { on: "true" } }, "invalid_message"],
    [{ type: "call.held" }, "invalid_message"],
    [{ type: "call.from_tomorrow", payload: {} }, "unsupported_type"],
    [{ type: "constructor", payload: {} }, "unsupported_type"],
    [{ id: 1 }, "invalid_message"],
    [{ id: 1, error: { code: 5 } }, "invalid_message"],
    ["{}", "invalid_message"],
    [null, "invalid_message"],
  ])("%j is %s", (raw, code) => {
    expect(readFromFrame(raw)).toBe(code);
  });

  it("is a reply when it names a command", () => {
    expect(readFromFrame({ id: 4, ok: true })).toEqual({ id: 4, code: "", message: "", retryable: false });
    expect(readFromFrame({ id: 4, error: { code: "wrong_role", message: "No.", retryable: false } })).toEqual({
      id: 4,
      code: "wrong_role",
      message: "No.",
      retryable: false,
    });
  });
});

describe("the handshake's words", () => {
  it("are read whole or not at all", () => {
    const hello = { parloir: 1, type: "hello", nonce: NONCE, versions: [1] };
    expect(readHello(hello)).toEqual(hello);
    for (const wrong of [{ parloir: 2 }, { type: "connect" }, { nonce: "short" }, { nonce: 5 }, { versions: 1 }]) {
      expect(readHello({ ...hello, ...wrong }), JSON.stringify(wrong)).toBeNull();
    }
    const connect = { parloir: 1, type: "connect", nonce: NONCE, version: 1 };
    expect(readConnect(connect)).toEqual(connect);
    for (const wrong of [{ parloir: "1" }, { type: "hello" }, { nonce: null }, { version: "1" }, { version: 0 }]) {
      expect(readConnect({ ...connect, ...wrong }), JSON.stringify(wrong)).toBeNull();
    }
  });

  it("settle on a version both speak", () => {
    expect(commonVersion([3, 2, 1])).toBe(1);
    expect(commonVersion([2, "1", null])).toBe(0);
  });
});
