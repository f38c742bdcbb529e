// A scripted server, microphone and peer connection in the page: what the panel meets, decided by the test.
"use strict";

const fake = {
  microphone: "ok", // ok | ask | NotAllowedError | NotFoundError | NotReadableError
  refusals: {}, // path → [status, code]
  hanging: new Set(), // paths that never answer
  consent: false,
  voice: true,
  handoff: null,
  options: {}, // what the tenant stored
  messages: [],
  loudness: { you: 0.05, agent: 0.05 },
  mine: null,
  channel: null,
  peer: null,
  requests: [],
};

const agentConfig = () => ({
  agent: { slug: "support", name: fake.name ?? "Léa", avatar_url: null },
  language: "en",
  languages: ["fr", "en", "es", "ar", "ary"],
  greeting: fake.greeting ?? "Hello! How can I help you choose a lamp?",
  voice: fake.voice,
  consent: { required: fake.consent, version: "2026-01", text: null },
  handoff: fake.handoff,
  ice_servers: [],
  limits: { text_characters: 2000 },
  options: fake.options,
});
const conversation = () => ({ id: "conv_1", state: "active", mode: "voice", reason: null, messages: fake.messages });
const session = () => ({ id: "wses_1", token: "t", expires_at: "2030-01-01T00:00:00Z", resume_s: 60 });

const ANSWERS = {
  "/widget/config": agentConfig,
  "/widget/sessions": () => ({
    session: session(),
    conversation: conversation(),
    answer: "v=0",
    config: agentConfig(),
  }),
  "/widget/sessions/connect": () => ({ answer: "v=0", conversation: conversation() }),
  "/widget/sessions/current": () => ({ session: session(), conversation: conversation(), config: agentConfig() }),
  "/widget/messages": () => ({ messages: [] }),
  "/widget/sessions/end": () => ({ conversation: conversation() }),
  "/widget/sessions/rating": () => ({ status: "ok" }),
};

window.fetch = async (url, init = {}) => {
  const path = new URL(url, location.href).pathname;
  fake.requests.push({ path, body: init.body ? JSON.parse(init.body) : null });
  if (fake.hanging.has(path)) return new Promise(() => {});
  if (fake.offline) throw new TypeError("Failed to fetch");
  const [status, code] = fake.refusals[path] ?? [200, ""];
  const body = code ? { error: "A plain sentence.", code, request_id: "req_1" } : ANSWERS[path]();
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
};

const tone = (loudness) => {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const gain = new GainNode(context, { gain: loudness });
  const source = new OscillatorNode(context);
  source.connect(gain).connect(out);
  source.start();
  return out.stream;
};

navigator.mediaDevices.getUserMedia = async () => {
  if (fake.microphone === "ask") return new Promise(() => {});
  if (fake.microphone !== "ok") throw new DOMException("Permission denied", fake.microphone);
  return (fake.mine = tone(fake.loudness.you));
};
navigator.mediaDevices.enumerateDevices = async () => [
  { kind: "audioinput", deviceId: "default", label: "Built-in microphone" },
  { kind: "audioinput", deviceId: "usb", label: "Jabra Evolve 65 (USB headset, conference room)" },
];

window.RTCPeerConnection = class {
  constructor() {
    fake.peer = this;
    this.connectionState = "new";
  }
  addTransceiver(track, { direction }) {
    if (!(track instanceof MediaStreamTrack) || direction !== "sendrecv") throw new TypeError("not a microphone");
    return { sender: { replaceTrack: async () => {} } };
  }
  createDataChannel() {
    fake.channel = { readyState: "connecting", sent: [], send: (raw) => fake.channel.sent.push(JSON.parse(raw)) };
    return fake.channel;
  }
  async createOffer() {
    return { type: "offer", sdp: "v=0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n" };
  }
  async setLocalDescription(offer) {
    this.localDescription = offer;
  }
  async setRemoteDescription() {
    setTimeout(() => {
      fake.channel.readyState = "open";
      this.ontrack?.({ track: tone(fake.loudness.agent).getAudioTracks()[0] });
      fake.channel.onopen?.();
    });
  }
  close() {
    this.connectionState = "closed";
  }
};

fake.say = (message) => fake.channel.onmessage?.({ data: JSON.stringify(message) });
fake.drop = (state) => {
  fake.peer.connectionState = state;
  fake.peer.onconnectionstatechange?.();
};

window.WebSocket = class {
  static OPEN = 1;
  constructor() {
    fake.channel = this;
    this.sent = [];
    this.readyState = 0;
    setTimeout(() => {
      if (fake.noSocket) return this.onclose?.({ code: 1006 });
      this.readyState = 1;
      this.onopen?.();
      fake.say({ type: "state", state: "listening" });
    });
  }
  send(raw) {
    this.sent.push(JSON.parse(raw));
  }
  close() {
    this.readyState = 3;
  }
};
