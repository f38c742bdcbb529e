/** When a peer connection begins to look for a way to the server, and what it does when there is none. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Peer } from "../../src/rtc/peer";

const TURN = [{ urls: "turn:turn.example.com", username: "1:s", credential: "c" }];
let done: unknown[] = [];
let made: Connection;

class Connection {
  connectionState = "new";
  localDescription: { sdp: string } | null = null;
  onicecandidate: ((event: object) => void) | null = null;
  constructor(how: RTCConfiguration) {
    made = this;
    done.push(["made", how.iceServers, how.iceTransportPolicy]);
  }
  addTransceiver = () => ({ sender: {} });
  createDataChannel = () => ({});
  createOffer = async () => ({ type: "offer", sdp: "offer" });
  setConfiguration = (how: RTCConfiguration) => done.push(["configured", how.iceServers, how.iceTransportPolicy]);
  setLocalDescription = async (offer: { sdp: string }) => {
    this.localDescription = offer;
    done.push("looks");
  };
  setRemoteDescription = async () => done.push("answered");
  close = () => done.push("closed");
}

const events = { open: vi.fn(), message: vi.fn(), lost: vi.fn(), shaky: vi.fn(), sound: vi.fn() };

beforeEach(() => {
  done = [];
  events.lost.mockReset();
  vi.stubGlobal("RTCPeerConnection", Connection);
});
afterEach(() => vi.unstubAllGlobals());

describe("peer", () => {
  it("looks for a way while the server answers", async () => {
    const peer = new Peer({ ice_servers: [] }, null, events);
    expect(await peer.offer()).toBe("offer");
    await peer.answer({ answer: "sdp" });
    expect(done).toEqual([["made", [], "all"], "looks", "answered"]);
  });

  it("waits for servers that come with the answer", async () => {
    const peer = new Peer({ ice_servers: null, ice_transport_policy: "relay" }, null, events);
    expect(await peer.offer()).toBe("offer");
    await peer.answer({ answer: "sdp", ice_servers: TURN });
    expect(done).toEqual([["made", undefined, "relay"], ["configured", TURN, "relay"], "looks", "answered"]);
  });

  it("is lost at once when it finds no way at all", () => {
    new Peer({ ice_servers: [] }, null, events);
    made.onicecandidate?.({ candidate: { candidate: "candidate:1" } });
    made.onicecandidate?.({ candidate: null });
    expect(events.lost).not.toHaveBeenCalled();
    new Peer({ ice_servers: [] }, null, events);
    made.onicecandidate?.({ candidate: null });
    expect(events.lost).toHaveBeenCalledOnce();
    expect(done.at(-1)).toBe("closed");
  });
});
