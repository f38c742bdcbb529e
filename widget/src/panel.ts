/** The panel's entry: puts conversation, sound and view together for the loader. */

import { Api } from "./core/api";
import { Conversation } from "./core/conversation";
import { offerPanel, type Panel, type PanelHost, RESUME_KEY } from "./core/panel_contract";
import { Resume } from "./core/resume";
import { signal } from "./core/signals";
import type { World } from "./core/world";
import type { TextKey } from "./i18n/en";
import type { Late } from "./late/kit";
import { isAllowedAlready, openMicrophone } from "./rtc/microphone";
import { Peer } from "./rtc/peer";
import { arcs } from "./ui/arcs";
import { iconButton } from "./ui/button";
import { listen, owned } from "./ui/el";
import { keepFocus } from "./ui/focus";
import { askInTime, kit, lateParts } from "./ui/late_parts";
import { panelView } from "./ui/panel_view";
import type { Scene } from "./ui/scene";
import { audioContext } from "./ui/speaker";
import { style } from "./ui/style";

/** Say it at once, and what to do about it as soon as the hints are here. */
function reporter(host: PanelHost, late: () => Promise<Late>): World["report"] {
  return (code, detail) => {
    console.warn(`[parloir] ${code}: ${detail}`);
    late()
      .then(({ hints }) => hints(host.load))
      .then(
        (hints) => console.warn(`[parloir] ${code}: ${hints[code]}`),
        () => {},
      );
  };
}

function world(host: PanelHost, late: () => Promise<Late>): World {
  const { options, apiUrl, emit } = host;
  const api = new Api(apiUrl, fetch.bind(globalThis), () => navigator.onLine);
  // A frame's ticket, which stands where the key would, is another one on every load.
  const owner = [apiUrl, options.apiKey.replace(/^voc_pk_frame_.*/, ""), options.agentId, options.tenant_id].join();
  return {
    api,
    resume: new Resume(() => sessionStorage, RESUME_KEY, owner),
    microphone: openMicrophone,
    isMicrophoneAllowed: isAllowedAlready,
    peer: (ice, stream, events) => new Peer(ice, stream, events),
    late,
    emit,
    report: reporter(host, late),
    page: () => ({ path: location.pathname.slice(0, 500), title: document.title.slice(0, 200) }),
    now: () => performance.now(),
  };
}

/** Words in the page's language: the account's own first. */
function words(host: PanelHost) {
  const texts = signal(host.words);
  const learn = (arrived: Record<string, string>) => texts.set({ ...texts.get(), ...arrived });
  const t: Scene["t"] = (key: TextKey, fill = {}) =>
    (host.options.labels[key] ?? texts.get()[key] ?? "").replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? "");
  return { t, learn };
}

function sceneOf(
  options: Scene["options"],
  talk: Conversation,
  t: Scene["t"],
  more: Omit<Scene, "talk" | "t" | "name" | "greeting" | "options">,
): Scene {
  return {
    talk,
    t,
    name: () => talk.config.get()?.agent.name ?? t("idle"),
    greeting: () => options().greeting || talk.config.get()?.greeting || t("greeting"),
    options,
    ...more,
  };
}

/** Opens the list of microphones, which the late chunk draws. */
const menuButton = (t: Scene["t"], press: () => void) =>
  iconButton("more", () => t("microphone"), press, "more", { "aria-haspopup": "menu", "aria-expanded": "false" });

/** Shown or hidden, and the page told. */
function visibility(host: PanelHost) {
  const isOpen = signal(false);
  const show = (open: boolean) => {
    if (open === isOpen.get()) return;
    isOpen.set(open);
    host.emit(open ? "open" : "close", {});
  };
  const close = () => {
    if (!isOpen.get()) return;
    show(false);
    host.closed();
  };
  return { isOpen, show, close };
}

function openPanel(host: PanelHost): Panel {
  const sound = audioContext();
  const { isOpen, show, close } = visibility(host);
  let isGone = false;
  let stopLate = () => {};
  let toggleMenu = () => {};
  const late = lateParts(host, (parts, texts) => {
    if (isGone) return;
    host.adopt(parts.css);
    learn(texts);
    const { made, stop } = owned(() => parts.mount(kit, scene, view, opener));
    stopLate = stop;
    toggleMenu = made.toggleMenu;
    if (isOpen.get()) keepFocus(view, talk.state.get().phase);
  });
  const { t, learn } = words(host);
  const { made, stop } = owned(() => {
    const talk = new Conversation(host, world(host, late.ask));
    const scene = sceneOf(() => host.options, talk, t, {
      isOpen,
      close,
      needsTap: signal(false),
      context: sound.get,
      drawings: [arcs(), arcs()],
      tell: (levels) => host.emit("level", levels),
    });
    const opener = menuButton(t, () =>
      late.ask().then(
        () => toggleMenu(),
        () => {},
      ),
    );
    const view = panelView(scene, opener, late.isCut);
    askInTime(scene, late);
    listen(window, "online", () => talk.network(true));
    listen(window, "offline", () => talk.network(false));
    listen(window, "pagehide", ({ persisted }: PageTransitionEvent) => persisted && talk.park());
    listen(window, "pageshow", ({ persisted }: PageTransitionEvent) => persisted && talk.unpark());
    // Inside the click: browsers let sound run only then.
    listen(view, "click", sound.wake);
    return { talk, scene, opener, view };
  });
  const { talk, scene, opener, view } = made;
  host.adopt(style);
  host.root.append(view);
  return {
    open() {
      show(true);
      void talk.open();
    },
    close,
    start() {
      sound.wake();
      show(true);
      void talk.start();
    },
    end: () => talk.end(),
    mute: (on) => talk.mute(on),
    sendText: (text) => talk.sendText(text),
    destroy() {
      isGone = true;
      stopLate();
      stop();
      talk.close();
      sound.close();
      view.remove();
    },
  };
}

offerPanel(openPanel);
