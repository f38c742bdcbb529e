/** One widget on the page: its element, its launcher, and the panel once somebody wants it. */

import type { Events } from "../core/events";
import { fitsRoughly, type Given, readOptions } from "../core/options";
import { LAUNCHER_ROWS, type LauncherOptions } from "../core/options.launcher.gen";
import { type Chunk, type LoadedPanel, type Panel, RESUME_KEY } from "../core/panel_contract";
import { chunksFrom } from "./chunks";
import { adopt, launcherCss } from "./styles";

/** Put in by the build. */
declare const PANEL: Chunk;

const LABELS = { fr: "Parler avec nous", en: "Talk with us", es: "Hablar con nosotros", ar: "تحدّث معنا" };
const SVG = "http://www.w3.org/2000/svg";

export interface Widget {
  element: HTMLElement;
  open(): void;
  /** Does `work` with the panel if it is there; with `load`, fetches it first. */
  use(work: (panel: Panel) => void, load?: boolean): void;
  destroy(): void;
}

export function newWidget(element: HTMLElement, given: Given, events: Events, base: string, nonce: string): Widget {
  const options = readOptions<LauncherOptions>(LAUNCHER_ROWS, given, fitsRoughly);
  const apiUrl = String(given("api_url") || base).replace(/\/+$/, "");
  const chunks = chunksFrom(base, nonce);
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const launcher = document.createElement("button");
  const { language } = options;
  const isRtl = /^a/.test(language);
  let panel: Promise<Panel> | null = null;
  let gone = false;

  const shut = () => {
    launcher.hidden = false;
    launcher.ariaExpanded = "false";
  };

  const load = async (): Promise<Panel> => {
    launcher.ariaBusy = "true";
    try {
      return ((await chunks.load(PANEL)) as LoadedPanel)({
        root,
        given,
        apiUrl,
        adopt: (css) => adopt(root, css, nonce),
        load: chunks.load,
        emit: events.emit,
        closed() {
          shut();
          launcher.focus();
        },
      });
    } catch (thrown) {
      panel = null;
      shut();
      const message = `Not loaded. A strict policy needs script-src ${base}; connect-src ${apiUrl}`;
      console.warn("Parloir: panel_blocked:", message);
      events.emit("error", { code: "panel_blocked", message });
      throw thrown;
    } finally {
      launcher.ariaBusy = "false";
    }
  };

  const use: Widget["use"] = (work, wanted) => {
    if (wanted && !gone) panel ??= load();
    panel?.then(
      (ready) => gone || work(ready),
      () => {}, // reported when it was loaded
    );
  };

  const open = () =>
    use((ready) => {
      launcher.hidden = true;
      launcher.ariaExpanded = "true";
      ready.open();
    }, true);

  adopt(root, launcherCss(options), nonce);
  launcher.className = "launcher";
  launcher.lang = language;
  launcher.dir = isRtl ? "rtl" : "ltr";
  launcher.ariaHasPopup = "dialog";
  launcher.ariaExpanded = "false";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", "M11 5a14 14 0 0 0 0 22M21 5a14 14 0 0 1 0 22");
  svg.append(path);
  launcher.append(svg);
  const { label } = options.launcher;
  if (label) launcher.append(label);
  else launcher.ariaLabel = LABELS[(isRtl ? "ar" : language) as "ar"];
  launcher.onclick = open;
  launcher.onpointerenter = launcher.onfocus = () => {
    launcher.onpointerenter = launcher.onfocus = null;
    if (!panel) chunks.prefetch(PANEL);
  };
  root.append(launcher);

  // After the page's own scripts have had their turn to listen.
  setTimeout(() => {
    if (gone) return;
    events.emit("ready", {});
    if (options.autoOpen || isKept()) open();
    (given("onReady") as (() => void) | undefined)?.();
  });

  return {
    element,
    open,
    use,
    destroy() {
      gone = true;
      panel?.then(
        (ready) => ready.destroy(),
        () => {},
      );
      root.replaceChildren();
      root.adoptedStyleSheets = [];
      element.remove();
    },
  };
}

/** Whether a conversation of this tab goes on. */
function isKept(): boolean {
  try {
    return !!sessionStorage.getItem(RESUME_KEY);
  } catch {
    return false;
  }
}
