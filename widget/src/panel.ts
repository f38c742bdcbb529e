/** The panel's entry: puts conversation, sound and view together for the loader. */

import { Api } from "./core/api";
import { Conversation } from "./core/conversation";
import { offerPanel, type Panel, type PanelHost, RESUME_KEY } from "./core/panel_contract";
import { Resume } from "./core/resume";
import { signal } from "./core/signals";
import type { World } from "./core/world";
import { en, type TextKey, type Texts } from "./i18n/en";
import { Levels } from "./rtc/levels";
import { isAllowedAlready, openMicrophone } from "./rtc/microphone";
import { Peer } from "./rtc/peer";
import { openWritten } from "./rtc/socket";
import { listen, owned } from "./ui/el";
import { panelView } from "./ui/panel_view";
import type { Scene } from "./ui/scene";
import { style } from "./ui/style";

/** Say it at once, and what to do about it as soon as the hints are here. */
function reporter({ texts }: PanelHost): World["report"] {
  return (code, detail) => {
    console.warn(`[parloir] ${code}: ${detail}`);
    texts("hints").then(
      (hints) => console.warn(`[parloir] ${code}: ${hints[code]}`),
      () => {},
    );
  };
}

function world(host: PanelHost): World {
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
    text: (since, events) => openWritten(api, since, events),
    emit,
    report: reporter(host),
    page: () => ({ path: location.pathname.slice(0, 500), title: document.title.slice(0, 200) }),
    now: () => performance.now(),
  };
}

function conversation(host: PanelHost): Conversation {
  const { apiKey, agentId, tenant_id, language, greeting, consent, ...rest } = host.options;
  const query: Record<string, string> = apiKey ? { key: apiKey, agent: agentId } : { tenant: tenant_id };
  return new Conversation(
    { ...rest, query, language, greeting: greeting || null, consentVersion: consent.version || null },
    world(host),
  );
}

/** Words in the page's language: the tenant's own first, English until the language is here. */
function words(host: PanelHost) {
  const { language, labels } = host.options;
  const texts = signal<Partial<Texts>>({});
  const spoken = signal("en");
  if (language !== "en") {
    host.texts(language).then(
      (arrived) => {
        spoken.set(language);
        texts.set(arrived);
      },
      () => host.emit("error", { code: "unreachable", message: "The language could not be loaded; English is shown." }),
    );
  }
  const t: Scene["t"] = (key: TextKey, fill = {}) =>
    (labels[key] ?? texts.get()[key] ?? en[key]).replace(/\{(\w+)\}/g, (_, name: string) => fill[name] ?? "");
  return { t, language: () => spoken.get() };
}

function openPanel(host: PanelHost): Panel {
  const { options } = host;
  const levels = new Levels();
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
  const { made, stop } = owned(() => {
    const talk = conversation(host);
    const { t, language } = words(host);
    const scene: Scene = {
      talk,
      t,
      name: () => talk.config.get()?.agent.name ?? t("idle"),
      greeting: () => options.greeting || talk.config.get()?.greeting || t("greeting"),
      avatar: options.avatar || null,
      consentText: options.consent.text || null,
      pushToTalk: options.pushToTalk,
      captions: options.captions,
      isOpen,
      close,
    };
    const view = panelView(scene, options, language, levels, (now) => host.emit("level", now));
    listen(window, "online", () => talk.network(true));
    listen(window, "offline", () => talk.network(false));
    listen(window, "pagehide", ({ persisted }: PageTransitionEvent) => persisted && talk.park());
    listen(window, "pageshow", ({ persisted }: PageTransitionEvent) => persisted && talk.unpark());
    // Inside the click: browsers let sound run only then.
    listen(view, "click", () => levels.wake());
    return { talk, view };
  });
  const { talk, view } = made;
  host.adopt(style);
  host.root.append(view);
  return {
    open() {
      show(true);
      void talk.open();
    },
    close,
    start() {
      levels.wake();
      show(true);
      void talk.start();
    },
    end: () => talk.end(),
    mute: (on) => talk.mute(on),
    sendText: (text) => talk.sendText(text),
    destroy() {
      stop();
      talk.close();
      levels.close();
      view.remove();
    },
  };
}

offerPanel(openPanel);
