/** The softphone's entry, the page /embed: link or kept session, then the call, or why there is none. */

import { codeOf } from "./core/errors";
import { apart, effect, signal } from "./core/signals";
import { parentOrigin } from "./frame/origins";
import { SoftphoneApi } from "./softphone/api";
import { Devices } from "./softphone/devices";
import { failureView } from "./softphone/failure";
import { HostPage } from "./softphone/host_page";
import { words } from "./softphone/i18n";
import { Line } from "./softphone/line";
import type { Drawer, Scene } from "./softphone/scene";
import { openSession, type Session, takeLink } from "./softphone/session";
import { style } from "./softphone/style";
import { phoneView } from "./softphone/view";
import { wrapUp } from "./softphone/wrap_up";
import { el, owned } from "./ui/el";

const link = takeLink();
const api = new SoftphoneApi();
const parent = parentOrigin((document.body.dataset.parents ?? "").split(" "));
/** The host page's wish, over that of the link. */
const wished = signal("");
const host = new HostPage(parent, {
  language: (tag) => wished.set(tag),
  theme: (name) => {
    document.documentElement.dataset.theme = name;
  },
  focus: () => document.querySelector<HTMLElement>(".dock button, button")?.focus(),
});

function dress(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
}

function speak(wish: string | null) {
  const { t, language, dir } = words(wish);
  document.documentElement.lang = language;
  document.documentElement.dir = dir;
  document.title = t("title");
  return t;
}

function show(view: HTMLElement): void {
  document.body.replaceChildren(view);
}

async function start(): Promise<void> {
  const t = speak(null);
  show(el("main", { class: "failure", "aria-busy": "true" }, el("h1", {}, t("opening"))));
  let session: Session;
  try {
    session = await openSession(api, link, parent);
  } catch (thrown) {
    host.fail(codeOf(thrown));
    show(failureView(t, codeOf(thrown), () => void start()));
    return;
  }
  open(session);
}

function open(session: Session): void {
  const { role, call, language } = session;
  const line = new Line(api, role, session, call);
  const audio = el("audio", { autoplay: true, playsinline: true });
  const scene: Scene = {
    line,
    t: speak(language),
    drawer: signal<Drawer>(""),
    seconds: signal(call.duration_s),
    needsTap: signal(false),
    play: () => {},
    audio,
    devices: new Devices(line, audio),
  };
  const phone = signal<HTMLElement | null>(null);
  let leaveView = () => {};
  effect(() => {
    scene.t = speak(wished.get() || language);
    leaveView();
    const { made, stop } = apart(() => owned(() => phoneView(scene, api)));
    leaveView = stop;
    phone.set(made);
  });
  let leaveFailure = () => {};
  effect(() => {
    const code = line.failure.get();
    leaveFailure();
    const view = phone.get();
    if (!code) {
      if (view) show(view);
      return;
    }
    const end = role === "agent" && /^(microphone|insecure|webrtc|connection)_/.test(code) ? hangup : undefined;
    const isToWrapUp = role === "agent" && /^(call_transferred|left_call)$/.test(code);
    const { made, stop } = apart(() => owned(() => (isToWrapUp ? wrapUp(scene, api) : undefined)));
    leaveFailure = stop;
    show(failureView(scene.t, code, () => void line.start(), { end, more: made }));
    document.querySelector<HTMLElement>(".failure h1")?.focus();
  });
  const hangup = async () => {
    await line.hangup();
    if (line.call.get().state === "ended") line.failure.set("");
  };
  host.follow(line, scene.devices);
  addEventListener("pagehide", () => line.pause());
  addEventListener("pageshow", ({ persisted }) => persisted && line.resume());
  addEventListener("offline", () => line.network(false));
  addEventListener("online", () => line.network(true));
  if (call.state !== "ended") void line.start();
}

dress();
void start();
