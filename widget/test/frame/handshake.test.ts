/** One port, for the exact origin, once: everything else that is posted at either window changes nothing. */
// @vitest-environment happy-dom

import { afterEach, describe, expect, it, vi } from "vitest";
import { meetParent } from "../../src/frame/handshake";
import { connectFrame, type Link } from "../../src/frame/link";
import { isAllowed, parentOrigin } from "../../src/frame/origins";

const CRM = "https://crm.example";
const SERVER = "https://voice.example";

describe("which parent a frame may talk to", () => {
  it.each([
    [CRM, [CRM], true],
    ["https://crm.example:8443", [CRM], false],
    ["http://crm.example", [CRM], false],
    ["https://crm.example.evil.example", [CRM], false],
    ["https://sub.crm.example", [CRM], false],
    ["null", [CRM, "https:"], false],
    ["", ["https:"], false],
    ["https://anybody.example", ["https:"], true],
    ["http://anybody.example", ["https:"], false],
    ["http://localhost:8081", ["http://localhost:*"], true],
    ["http://localhost", ["http://localhost:*"], true],
    ["https://localhost:8081", ["http://localhost:*"], false],
    ["http://localhost.evil.example:80", ["http://localhost:*"], false],
    [CRM, [], false],
    [CRM, [""], false],
  ])("%s on %j: %s", (origin, allowed, expected) => {
    expect(isAllowed(origin, allowed)).toBe(expected);
  });

  const view = (ancestors: string[] | undefined, referrer: string, isTop = false) => {
    const made = { location: { ancestorOrigins: ancestors }, document: { referrer }, parent: {} };
    if (isTop) made.parent = made;
    return made as unknown as Window;
  };

  it("is the next one up, by ancestorOrigins, else by the referrer", () => {
    expect(parentOrigin([CRM], view([CRM, "https://top.example"], ""))).toBe(CRM);
    expect(parentOrigin([CRM], view(["https://evil.example", CRM], `${CRM}/`))).toBe("");
    expect(parentOrigin([CRM], view(undefined, `${CRM}/`))).toBe(CRM);
    expect(parentOrigin([CRM], view(undefined, ""))).toBe("");
    expect(parentOrigin([CRM], view([CRM], "", true))).toBe("");
  });
});

/** A frame's window with a parent that keeps what it is sent. */
function framed() {
  const view = new EventTarget() as unknown as Window & { parent: { postMessage: ReturnType<typeof vi.fn> } };
  const parent = { postMessage: vi.fn() };
  Object.assign(view, { parent });
  const send = (data: unknown, { origin = CRM, source = parent as unknown, ports = [{}] as unknown[] } = {}) =>
    view.dispatchEvent(Object.assign(new Event("message"), { data, origin, source, ports }));
  return { view, parent, send };
}

describe("the frame's side", () => {
  it("says hello to the exact origin, with a nonce of its own", () => {
    const { view, parent } = framed();
    meetParent(CRM, () => {}, view);
    const [[hello, target]] = parent.postMessage.mock.calls as [[{ nonce: string }, string]];
    expect(target).toBe(CRM);
    expect(hello).toMatchObject({ parloir: 1, type: "hello", versions: [1] });
    const other = framed();
    meetParent(CRM, () => {}, other.view);
    expect(other.parent.postMessage.mock.calls[0]?.[0].nonce).not.toBe(hello.nonce);
  });

  it("takes the first right answer and nothing before or after", () => {
    const { view, parent, send } = framed();
    const taken = vi.fn();
    meetParent(CRM, taken, view);
    const connect = { parloir: 1, type: "connect", nonce: parent.postMessage.mock.calls[0]?.[0].nonce, version: 1 };
    send(connect, { origin: "https://evil.example" });
    send(connect, { source: {} });
    send(connect, { source: view });
    send({ ...connect, nonce: "b".repeat(36) });
    send({ ...connect, version: 2 });
    send(connect, { ports: [] });
    send(connect, { ports: [{}, {}] });
    send("connect");
    expect(taken).not.toHaveBeenCalled();
    const port = {};
    send(connect, { ports: [port] });
    send(connect, { ports: [{}] });
    expect(taken.mock.calls).toEqual([[port]]);
  });
});

describe("the host's side", () => {
  let link: Link | null = null;
  afterEach(() => link?.close());

  /** Our frame's window, and a way to speak as anybody. */
  function hosting() {
    const postMessage = vi.fn();
    const inside = { postMessage };
    const changed = vi.fn();
    const heard = vi.fn();
    link = connectFrame({ contentWindow: inside } as unknown as HTMLIFrameElement, SERVER, heard, changed);
    const hello = (more: object = {}, from: { origin?: string; source?: unknown } = {}) =>
      window.dispatchEvent(
        Object.assign(new Event("message"), {
          data: { parloir: 1, type: "hello", nonce: "n".repeat(36), versions: [1], ...more },
          origin: SERVER,
          source: inside,
          ...from,
        }),
      );
    return { postMessage, changed, heard, hello };
  }

  it("answers its own frame, of our origin, with a port, to that origin", () => {
    const { postMessage, hello } = hosting();
    hello();
    const [[connect, target, ports]] = postMessage.mock.calls as [[object, string, MessagePort[]]];
    expect(connect).toEqual({ parloir: 1, type: "connect", nonce: "n".repeat(36), version: 1 });
    expect(target).toBe(SERVER);
    expect(ports).toHaveLength(1);
  });

  it("answers nobody else, and no hello twice", () => {
    const { postMessage, hello } = hosting();
    hello({}, { origin: "https://evil.example" });
    hello({}, { origin: "null" });
    hello({}, { source: {} });
    hello({}, { source: null });
    hello({ parloir: 2 });
    hello({ nonce: "" });
    expect(postMessage).not.toHaveBeenCalled();
    hello();
    hello();
    expect(postMessage).toHaveBeenCalledTimes(1);
  });

  it("begins anew when the frame was loaded anew", () => {
    const { postMessage, changed, hello } = hosting();
    hello();
    hello({ nonce: "m".repeat(36) });
    expect(postMessage).toHaveBeenCalledTimes(2);
    expect(changed.mock.calls).toEqual([[""], ["frame_reloaded"], [""]]);
  });

  it("says so when no version is common, and hears nothing after its end", () => {
    const { postMessage, changed, hello } = hosting();
    hello({ versions: [7] });
    expect(changed.mock.calls).toEqual([["unsupported_version"]]);
    link?.close();
    hello();
    expect(postMessage).not.toHaveBeenCalled();
  });
});
