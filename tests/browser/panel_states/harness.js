// Mounts the built panel as the loader would, and brings it to each state.
"use strict";

const WORDS = {
  en: [
    ["agent", "Hello! How can I help you choose a lamp?"],
    ["user", "I'm looking for something for a small reading corner."],
    ["agent", "For reading, the Plume floor lamp gives a warm, focused light and fits in 30 centimetres. It costs 129 euros."],
    ["user", "Can I send it back?"],
  ],
  fr: [
    ["agent", "Bonjour ! Comment puis-je vous aider à choisir une lampe ?"],
    ["user", "Je cherche quelque chose pour un petit coin lecture."],
    ["agent", "Pour lire, le lampadaire Plume donne une lumière chaude et précise. Il coûte 129 euros."],
    ["user", "Est-ce que je peux le renvoyer ?"],
  ],
  ar: [
    ["agent", "مرحبًا! كيف يمكنني مساعدتك في اختيار مصباح؟"],
    ["user", "أبحث عن شيء لركن قراءة صغير."],
    ["agent", "للقراءة، مصباح «بلوم» الأرضي يعطي ضوءًا دافئًا ومركّزًا، وسعره 129 يورو."],
    ["user", "هل يمكنني إرجاعه؟"],
  ],
};
const NAMES = { ar: "ليا", ary: "ليا" };
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Until it holds; after three seconds what is there is what there is. */
const until = async (holds) => {
  for (let waited = 0; !holds() && waited < 3000; waited += 20) await wait(20);
};
const BEFORE_LATE = ["idle", "consent", "requesting", "connecting"];

const script = (src) =>
  new Promise((resolve, reject) => {
    const node = document.createElement("script");
    node.addEventListener("parloir", (event) => resolve(event.detail));
    node.src = src;
    node.onerror = reject;
    document.head.append(node);
  });

const harness = { events: [], closedCount: 0 };

harness.mount = async (given = {}) => {
  const wanted = { apiKey: "voc_pk_test", agentId: "support", language: "en", ...given };
  harness.language = wanted.language;
  fake.name = NAMES[wanted.language] ?? "Léa";
  fake.greeting = (WORDS[wanted.language] ?? WORDS.en)[0][1];
  const host = document.createElement("parloir-widget");
  const root = host.attachShadow({ mode: "open" });
  document.body.append(host);
  const factory = await script("/panel.js");
  harness.panel = await factory({
    root,
    read: reading.readOptions,
    fits: reading.fitsRoughly,
    rows: launcherOptions.LAUNCHER_ROWS,
    given: (path) => path.split(".").reduce((inner, name) => Object(inner)[name], wanted),
    apiUrl: location.origin,
    adopt(css) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    },
    load: ([path]) => script(path),
    emit: (name, detail) => harness.events.push([name, detail]),
    closed: () => harness.closedCount++,
  });
  harness.root = root;
  harness.panel.open();
  await wait(150);
};

const press = (selector) => harness.root.querySelector(selector).click();
const say = (count, from = 0) => {
  const words = WORDS[harness.language] ?? WORDS.en;
  for (let i = from; i < count; i++) {
    const [role, text] = words[i];
    fake.say({ type: "message", id: `m${i}`, seq: i + 1, role, text, final: true, via: "voice" });
  }
};
const talk = async (turn, count) => {
  harness.panel.start();
  await wait(120);
  fake.say({ type: "state", state: turn });
  say(count);
  await wait(60);
};

const STATES = {
  idle: async () => {},
  consent: async () => {
    fake.consent = true;
    await harness.remount();
    harness.panel.start();
  },
  requesting: async () => {
    fake.microphone = "ask";
    harness.panel.start();
  },
  connecting: async () => {
    fake.hanging.add("/widget/sessions");
    harness.panel.start();
  },
  listening_first: () => talk("listening", 0),
  listening: async () => {
    await talk("listening", 3);
    const text = (WORDS[harness.language] ?? WORDS.en)[3][1].slice(0, 14);
    fake.say({ type: "message", id: "p", role: "user", text, final: false, via: "voice" });
  },
  thinking: () => talk("thinking", 4),
  speaking: async () => {
    await talk("speaking", 4);
    fake.say({ type: "message", id: "i", seq: 9, role: "agent", text: "Yes, within thirty days", final: true, via: "voice", interrupted: true });
  },
  muted: async () => {
    await talk("listening", 3);
    harness.panel.mute(true);
  },
  reconnecting: async () => {
    await talk("listening", 3);
    fake.hanging.add("/widget/sessions/connect");
    fake.drop("failed");
  },
  text_denied: async () => {
    fake.microphone = "NotAllowedError";
    harness.panel.start();
    await until(() => fake.channel);
    await wait(60);
    if (fake.channel) say(3);
  },
  handoff: async () => {
    fake.handoff = { label: "Call the shop: 01 23 45 67 89", url: "tel:+33123456789" };
    await harness.remount();
    await talk("listening", 4);
    fake.say({ type: "notice", code: "handoff_offered" });
  },
  menu: async () => {
    await talk("listening", 3);
    await until(() => harness.root.querySelector(".round.more"));
    press(".round.more");
    await until(() => harness.root.querySelector(".menu:not([hidden])"));
  },
  push_to_talk: async () => {
    await harness.remount({ pushToTalk: true });
    await talk("listening", 3);
  },
  ended: async () => {
    await talk("listening", 4);
    fake.say({ type: "ended", reason: "silence" });
  },
  error: async () => {
    fake.refusals["/widget/sessions"] = [429, "concurrency_limit_reached"];
    harness.panel.start();
  },
  error_setup: async () => {
    fake.refusals["/widget/config"] = [403, "origin_not_allowed"];
    await harness.remount();
  },
};

harness.remount = async (more = {}) => {
  harness.panel.destroy();
  document.querySelector("parloir-widget").remove();
  sessionStorage.clear();
  await harness.mount({ ...harness.given, ...more });
};

harness.bring = async (state, given = {}) => {
  harness.given = given;
  await harness.mount(given);
  await STATES[state]();
  if (!BEFORE_LATE.includes(state)) await until(() => harness.root.querySelector(".notes .code"));
  await wait(400);
};
harness.states = Object.keys(STATES);
