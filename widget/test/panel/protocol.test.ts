/** Control messages: what is understood, what is let pass, and the order of captions. */

import { describe, expect, it } from "vitest";
import { type Message, parse, placed, seen } from "../../src/core/protocol";

const said = (id: string, more: Partial<Message> = {}): Message => ({
  id,
  role: "user",
  text: id,
  final: true,
  via: "voice",
  ...more,
});

describe("parse", () => {
  it.each([
    { type: "state", state: "thinking" },
    { type: "message", ...said("m", { seq: 1 }) },
    { type: "message", ...said("partial", { final: false }) },
    { type: "notice", code: "cannot_hear_you" },
    { type: "ended", reason: "left" },
    { type: "error", code: "invalid_message", message: "" },
    { type: "pong" },
  ])("understands $type", (message) => {
    expect(parse(JSON.stringify(message))).toEqual(message);
  });

  it.each([
    "",
    "null",
    "[]",
    "{}",
    "not json",
    '{"type":"state","state":"asleep"}',
    '{"type":"message","id":1,"text":"x","role":"user"}',
    '{"type":"message","id":"m","text":"x","role":"system"}',
    '{"type":"toString"}',
    '{"type":"tomorrow"}',
    new ArrayBuffer(3),
  ])("lets %j pass", (raw) => {
    expect(parse(raw)).toBeNull();
  });
});

describe("placed", () => {
  it("orders final messages by seq, whatever order they come in", () => {
    const messages = [3, 1, 2].reduce<Message[]>((all, seq) => placed(all, said(`m${seq}`, { seq })), []);
    expect(messages.map(({ id }) => id)).toEqual(["m1", "m2", "m3"]);
    expect(seen(messages)).toBe(3);
  });

  it("keeps a partial in its place while it grows, and replaces it when final", () => {
    let messages = placed([], said("a", { final: false, text: "Hel" }));
    messages = placed(messages, said("b", { final: false, role: "agent" }));
    messages = placed(messages, said("a", { final: false, text: "Hello" }));
    expect(messages.map(({ text }) => text)).toEqual(["Hello", "b"]);
    messages = placed(messages, said("a", { seq: 1, text: "Hello." }));
    expect(messages.map(({ text }) => text)).toEqual(["Hello.", "b"]);
  });

  it("puts the server's copy where the visitor's own words were", () => {
    const written = said("c1", { via: "text" });
    const messages = placed([written], said("msg_1", { seq: 1, client_id: "c1", via: "text" }));
    expect(messages.map(({ id }) => id)).toEqual(["msg_1"]);
  });
});
