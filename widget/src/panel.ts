/** The panel's entry: puts conversation, sound and view together for the loader. */

import { Api } from "./core/api";
import { Conversation } from "./core/conversation";
import { Problem } from "./core/errors";
import { offerPanel, type Panel, type PanelHost, RESUME_KEY } from "./core/panel_contract";
import { Resume } from "./core/resume";
import { signal } from "./core/signals";
import { isLive } from "./core/state";
import type { World } from "./core/world";
import type { TextKey } from "./i18n/en";
import type { Late } from "./late/kit";
import { askMicrophone } from "./rtc/microphone";
import { Peer } from "./rtc/peer";
import { arcs } from "./ui/arcs";
import { listen, owned } from "./ui/el";
import { keepFocus } from "./ui/focus";
import { askInTime, kit, lateParts } from "./ui/late_parts";
import { panelView } from "./ui/panel_view";
import type { Scene } from "./ui/scene";
import { audioContext } from "./ui/speaker";
import { style } from "./ui/style";

function world({ options, apiUrl, emit, load }: PanelHost, late: () => Promise<Late>): World {
  // A frame's ticket, which stands where the key would, is another one on every load.
  const owner = [apiUrl, options.apiKey.replace(/^voc_pk_frame_.*/, ""), options.agentId, options.tenant_id].join();
  return {
    api: new Api(apiUrl, fetch.bind(globalThis), () => navigator.onLine),
    resume: new Resume(() => sessionStorage, RESUME_KEY, owner),
    microphone: (deviceId) => openMicrophone(late, deviceId),
    peer: (ice, stream, events) => new Peer(ice, stream, events),
    late,
    emit,
    /** Say it at once, and what to do about it as soon as the hints are here. */
    report(code, detail) {
      console.warn(`[parloir] ${code}: ${detail}`);
      late().then(
        ({ hint }) => hint(load, code),
        () => {},
      );
    },
    page: () => ({ path: location.pathname.slice(0, 500), title: document.title.slice(0, 200) }),
  };
}

/** What stands in its way is named by the late chunk. Throws `Problem`. */
async function openMicrophone(late: () => Promise<Late>, deviceId?: string): Promise<MediaStream> {
  try {
    if (!window.RTCPeerConnection) throw new Error();
    return await askMicrophone(deviceId);
  } catch (thrown) {
    const code = await late().then(
      ({ microphoneFault }) => microphoneFault(thrown as Error),
      () => "microphone_denied",
    );
    throw new Problem(code, (thrown as Error).message);
  }
}

/** Words in the page's language: the account's own first. */
function words(host: PanelHost) {
  const texts = signal(host.words);
  /** The rest of them: now it shows which labels are of no text. */
  const learn = (arrived: Record<string, string>) => {
    texts.set({ ...texts.get(), ...arrived });
    for (const key of Object.keys(host.options.labels)) {
      if (!(key in texts.get())) host.report("config_invalid", `There is no label ${key}.`);
    }
  };
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

/** Shown or hidden, and the page told. */
function visibility(host: PanelHost) {
  const isOpen = signal(false);
  const show = (open: boolean) => {
    if (open === isOpen.get()) return;
    isOpen.set(open);
    host.emit(open ? "open" : "close", {});
    if (!open) host.closed();
  };
  return { isOpen, show, close: () => show(false) };
}

function openPanel(host: PanelHost): Panel {
  const sound = audioContext();
  const { isOpen, show, close } = visibility(host);
  let isGone = false;
  let stopLate = () => {};
  const late = lateParts(host, (parts, texts) => {
    if (isGone) return;
    host.adopt(parts.css);
    learn(texts);
    stopLate = owned(() => parts.mount(kit, scene, view)).stop;
    if (isOpen.get()) keepFocus(view);
  });
  const { t, learn } = words(host);
  const { made, stop } = owned(() => {
    const talk = new Conversation(host, world(host, late.ask));
    const scene = sceneOf(() => host.options, talk, t, {
      isOpen,
      close,
      needsTap: signal(false),
      context: sound.get,
      drawings: [arcs()],
      tell: (levels) => host.emit("level", levels),
    });
    const view = panelView(scene, late.isCut);
    askInTime(scene, late);
    // Inside the click: browsers let sound run only then.
    listen(view, "click", sound.wake);
    // Not in the late chunk: the network may go before that has come.
    listen(window, "offline", () => isLive(talk.state.get()) && talk.rejoin());
    return { talk, scene, view };
  });
  const { talk, scene, view } = made;
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
