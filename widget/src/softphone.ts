/** The softphone's entry, the page /embed: link or kept session, then the call, or why there is none. */

import { codeOf } from "./core/errors";
import { effect, signal } from "./core/signals";
import { SoftphoneApi } from "./softphone/api";
import { failureView } from "./softphone/failure";
import { words } from "./softphone/i18n";
import { Line } from "./softphone/line";
import type { Drawer, Scene } from "./softphone/scene";
import { openSession, type Session, takeLink } from "./softphone/session";
import { style } from "./softphone/style";
import { phoneView } from "./softphone/view";
import { el, owned } from "./ui/el";

const link = takeLink();
const api = new SoftphoneApi();

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
    session = await openSession(api, link);
  } catch (thrown) {
    show(failureView(t, codeOf(thrown), () => void start()));
    return;
  }
  open(session);
}

function open({ role, call, ice_servers, language }: Session): void {
  const t = speak(language);
  const line = new Line(api, role, ice_servers, call);
  const scene: Scene = {
    line,
    t,
    drawer: signal<Drawer>(""),
    seconds: signal(call.duration_s),
    needsTap: signal(false),
    play: () => {},
    audio: el("audio", { autoplay: true, playsinline: true }),
  };
  const { made: phone } = owned(() => phoneView(scene, api));
  effect(() => {
    const code = line.failure.get();
    if (!code) {
      show(phone);
      return;
    }
    const end = role === "agent" && /^(microphone|insecure|webrtc|connection)_/.test(code) ? hangup : undefined;
    show(failureView(t, code, () => void line.start(), end));
    document.querySelector<HTMLElement>(".failure h1")?.focus();
  });
  const hangup = async () => {
    await line.hangup();
    if (line.call.get().state === "ended") line.failure.set("");
  };
  addEventListener("pagehide", () => line.call.get().state !== "ended" && api.leave());
  addEventListener("pageshow", ({ persisted }) => persisted && void line.start());
  addEventListener("online", () => line.state.get() === "lost" && void line.start());
  if (call.state !== "ended") void line.start();
}

dress();
void start();
