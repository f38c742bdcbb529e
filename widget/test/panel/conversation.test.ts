/** Conversations with a fake server, link and clock: consent, fallback to writing, and the way back after a loss. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../../src/core/api";
import { GIVE_UP_MS, GRACE_MS, waitBefore } from "../../src/core/backoff";
import { Conversation } from "../../src/core/conversation";
import { Problem } from "../../src/core/errors";
import { Resume } from "../../src/core/resume";
import { signal } from "../../src/core/signals";
import type { Settings, World } from "../../src/core/world";
import { beSure, goOn } from "../../src/late/go_on";
import { help } from "../../src/late/help";
import { hold } from "../../src/late/hold";
import { persist } from "../../src/late/persist";
import { Silence } from "../../src/late/silence";
import type { LinkEvents, PeerEvents } from "../../src/rtc/peer";

const OPTIONS: Settings["options"] = {
  apiKey: "voc_pk_1",
  agentId: "support",
  tenant_id: "",
  language: "en",
  greeting: "",
  consent: { text: "", version: "" },
  textOnly: false,
  pushToTalk: false,
  startMuted: false,
  metadata: {},
};

const CONFIG = {
  agent: { slug: "support", name: "Léa", avatar_url: null },
  voice: true,
  consent: { required: false, version: "v1", text: null },
  ice_servers: [],
  handoff: null,
  greeting: "",
  limits: { text_characters: 2000 },
};

/** A small server and browser: says what was asked of it, and can be told to refuse. */
function scene(options: Partial<Settings["options"]> = {}) {
  const asked: { path: string; body: { mode?: string; consent?: unknown } | null }[] = [];
  const refusals: Record<string, [number, string]> = {};
  const events: [string, Record<string, unknown>][] = [];
  const box = new Map<string, string>();
  const sent: { type: string; text?: string }[] = [];
  const made: PeerEvents[] = [];
  const track = { readyState: "live", enabled: true, stop: () => {}, onended: null };
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] } as unknown as MediaStream;
  const config = structuredClone(CONFIG);
  const body = {
    config,
    session: { token: "t" },
    conversation: { id: "c", state: "active", messages: [] },
    answer: "v=0",
  };
  const link = (given: PeerEvents) => {
    made.push(given);
    return {
      send: (message: { type: string }) => sent.push(message) > 0,
      close: () => {},
      offer: async () => "v=0",
      answer: async () => given.open(),
      replace: async () => {},
    };
  };
  const fetch = async (url: string, init: RequestInit) => {
    const path = new URL(url).pathname.slice("/widget/".length);
    asked.push({ path, body: init.body ? JSON.parse(init.body as string) : null });
    const [status, code] = refusals[path] ?? [200, ""];
    return new Response(JSON.stringify(code ? { code, error: code } : path === "config" ? config : body), { status });
  };
  let microphone: () => Promise<MediaStream> = async () => stream;
  const openWritten = (_api: Api, _since: () => number, given: LinkEvents) => {
    const written = link(given as PeerEvents);
    queueMicrotask(given.open);
    return written;
  };
  const world: World = {
    api: new Api("http://server.test", fetch, () => true),
    resume: new Resume(
      () => ({
        getItem: (key) => box.get(key) ?? null,
        setItem: (key, value) => void box.set(key, value),
        removeItem: (key) => void box.delete(key),
      }),
      "k",
      "owner",
    ),
    microphone: () => microphone(),
    peer: (_ice, _stream, given) => link(given),
    late: async () => ({ openWritten, persist, goOn, beSure, help }),
    emit: (name, detail) => events.push([name, detail as Record<string, unknown>]),
    report: () => {},
    page: () => ({ path: "/", title: "" }),
  };
  const talk = new Conversation({ options: { ...OPTIONS, ...options }, learn: () => {} }, world);
  const names = () => events.map(([name]) => name);
  const deny = (code: string) => {
    microphone = () => Promise.reject(new Problem(code));
  };
  return {
    talk,
    asked,
    refusals,
    events,
    names,
    box,
    sent,
    made,
    config,
    deny,
    track,
    phase: () => talk.state.get().phase,
  };
}

const settle = () => vi.advanceTimersByTimeAsync(1);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a first conversation", () => {
  it("asks for consent first, keeps nothing until then, and sends the version", async () => {
    const { talk, asked, box, config, phase } = scene();
    config.consent.required = true;
    await talk.start();
    expect(phase()).toBe("consent");
    expect(box.size).toBe(0);
    expect(asked.map(({ path }) => path)).toEqual(["config"]);
    talk.agree();
    await settle();
    expect(phase()).toBe("listening");
    expect(asked.at(-1)?.body).toMatchObject({ mode: "voice", consent: { version: "v1" } });
    expect(box.size).toBe(1);
  });

  it.each(["microphone_denied", "microphone_missing", "webrtc_unsupported", "insecure_context"])(
    "goes on in writing after %s, and says why",
    async (code) => {
      const { talk, asked, names, deny } = scene();
      deny(code);
      await talk.start();
      await settle();
      expect(talk.state.get()).toMatchObject({ phase: "listening", mode: "text" });
      expect(talk.note.get()).toBe(code);
      expect(asked.at(-1)?.body?.mode).toBe("text");
      expect(names()).toContain("error");
    },
  );

  it("writes instead when the server cannot speak", async () => {
    const { talk, refusals, asked } = scene();
    refusals.sessions = [503, "voice_unavailable"];
    const started = talk.start();
    await settle();
    delete refusals.sessions;
    await started;
    expect(asked.filter(({ path }) => path === "sessions").map(({ body }) => body?.mode)).toEqual(["voice", "text"]);
  });

  it("ends in an error with the server's own code", async () => {
    const { talk, refusals } = scene();
    refusals.config = [403, "origin_not_allowed"];
    await talk.open();
    expect(talk.state.get()).toMatchObject({ phase: "error", error: "origin_not_allowed" });
  });

  it("sends what was written before there was a connection", async () => {
    const { talk, sent } = scene();
    talk.sendText("  Hello ");
    await settle();
    expect(sent).toMatchObject([{ type: "text", text: "Hello" }]);
  });

  it("opens the microphone only while the talk button is held", async () => {
    const { talk, track } = scene({ pushToTalk: true });
    await talk.start();
    await settle();
    expect(track.enabled).toBe(false);
    const held = signal(false);
    hold(talk, held, true);
    expect(track.enabled).toBe(true);
    hold(talk, held, false);
    await vi.advanceTimersByTimeAsync(500);
    expect(track.enabled).toBe(false);
  });

  it("is muted, and can be heard by unmuting, where there is no talk button to hold", async () => {
    const { talk, track, sent } = scene({ pushToTalk: true });
    talk.stopHolding();
    await talk.start();
    await settle();
    expect([track.enabled, talk.state.get().muted]).toEqual([false, true]);
    talk.mute(false);
    expect(track.enabled).toBe(true);
    expect(sent.filter(({ type }) => type === "mute")).toEqual([
      { type: "mute", on: true },
      { type: "mute", on: false },
    ]);
    talk.stopHolding();
    expect(track.enabled).toBe(true);
  });

  it("is closed again when the visitor hangs up while the server still opens it", async () => {
    const { talk, asked, names, phase, box } = scene();
    await talk.open();
    const started = talk.start("text");
    await Promise.resolve();
    talk.end();
    await started;
    await settle();
    expect(phase()).toBe("idle");
    expect(asked.map(({ path }) => path)).toEqual(["config", "sessions", "sessions/end"]);
    expect(box.size).toBe(0);
    expect(names()).toContain("conversationEnd");
  });

  it("is forgotten when it ends", async () => {
    const { talk, box, made, names, phase } = scene();
    await talk.start();
    await settle();
    made[0]?.message(JSON.stringify({ type: "ended", reason: "goodbye" }));
    expect(phase()).toBe("ended");
    expect(box.size).toBe(0);
    expect(names().filter((name) => name === "conversationEnd")).toHaveLength(1);
  });
});

describe("a lost connection", () => {
  const connected = async () => {
    const here = scene();
    await here.talk.start();
    await settle();
    return here;
  };

  it("gets five seconds of grace", async () => {
    const { made, phase, asked } = await connected();
    made[0]?.shaky(true);
    await vi.advanceTimersByTimeAsync(GRACE_MS - 10);
    expect(phase()).toBe("listening");
    made[0]?.shaky(false);
    await vi.advanceTimersByTimeAsync(GRACE_MS);
    expect(asked.some(({ path }) => path === "sessions/connect")).toBe(false);
    made[0]?.shaky(true);
    await vi.advanceTimersByTimeAsync(GRACE_MS + 1);
    expect(asked.at(-1)?.path).toBe("sessions/connect");
    expect(phase()).toBe("listening");
  });

  it("is tried again after 0, 1, 2, 4 and 8 s, and given up after 30 s", async () => {
    const { made, refusals, asked, talk } = await connected();
    refusals["sessions/connect"] = [503, "server_stopping"];
    made[0]?.lost();
    const attempts = () => asked.filter(({ path }) => path === "sessions/connect").length;
    for (const [ms, count] of [
      [5, 1],
      [1_000, 2],
      [2_000, 3],
      [4_000, 4],
      [8_000, 5],
      [8_000, 6],
    ] as const) {
      expect(talk.state.get().phase).toBe("reconnecting");
      await vi.advanceTimersByTimeAsync(ms);
      expect(attempts()).toBe(count);
    }
    expect(talk.state.get()).toMatchObject({ phase: "error", error: "connection_lost" });
  });

  it("does not wait when the network is back", async () => {
    const { made, refusals, talk, phase } = await connected();
    refusals["sessions/connect"] = [503, "server_stopping"];
    made[0]?.lost();
    await vi.advanceTimersByTimeAsync(3_500);
    delete refusals["sessions/connect"];
    talk.wake?.();
    await settle();
    expect(phase()).toBe("listening");
  });

  it("does not come back after the visitor hung up", async () => {
    const { made, refusals, talk, asked, phase } = await connected();
    refusals["sessions/connect"] = [503, "server_stopping"];
    made[0]?.lost();
    await vi.advanceTimersByTimeAsync(100);
    talk.end();
    const count = asked.length;
    await vi.advanceTimersByTimeAsync(GIVE_UP_MS);
    expect(asked.length).toBe(count);
    expect(phase()).toBe("ended");
  });

  it("ends quietly when the conversation is over meanwhile", async () => {
    const { made, refusals, phase } = await connected();
    refusals["sessions/connect"] = [410, "session_ended"];
    made[0]?.lost();
    await vi.advanceTimersByTimeAsync(10);
    expect(phase()).toBe("ended");
  });
});

describe("a new page", () => {
  it("goes on with the kept session, without a new one", async () => {
    const { talk, box, asked, names } = scene();
    box.set("k", JSON.stringify({ token: "t", for: "owner" }));
    await talk.open();
    await settle();
    expect(asked.map(({ path }) => path)).toEqual(["sessions/current"]);
    expect(talk.state.get().phase).toBe("listening");
    expect(names()).not.toContain("conversationStart");
  });

  it("starts fresh when the session is gone, or another agent's", async () => {
    const { talk, box, refusals, phase } = scene();
    box.set("k", JSON.stringify({ token: "t", for: "owner" }));
    refusals["sessions/current"] = [401, "session_expired"];
    await talk.open();
    expect(phase()).toBe("idle");
    expect(box.size).toBe(0);
    const other = scene();
    other.box.set("k", JSON.stringify({ token: "t", for: "another" }));
    await other.talk.open();
    expect(other.asked.map(({ path }) => path)).toEqual(["config"]);
  });
});

describe("the small clocks", () => {
  it("waits longer each time and stops at the limit", () => {
    expect([0, 1, 2, 3, 4, 5].map((attempt) => waitBefore(attempt, 0))).toEqual([0, 1000, 2000, 4000, 8000, 8000]);
    expect(waitBefore(5, GIVE_UP_MS - 7_999)).toBeNull();
  });

  it("notices a microphone that never gave a sound, and no other", () => {
    const dead = new Silence();
    expect([1, 3_000, 5_999].map((at) => dead.observe(0, true, at))).toEqual([false, false, false]);
    expect(dead.observe(0, true, 6_500)).toBe(true);
    const alive = new Silence();
    alive.observe(0.5, true, 1);
    expect(alive.observe(0, true, 60_000)).toBe(false);
    const waiting = new Silence();
    waiting.observe(0, false, 1);
    expect(waiting.observe(0, false, 60_000)).toBe(false);
  });
});
