/** One widget on the page: its element, its launcher, and the panel once somebody wants it. */

import type { Events } from "../core/events";
import { fitsRoughly, type Given, readOptions } from "../core/options";
import { LAUNCHER_ROWS, type LauncherOptions } from "../core/options.launcher.gen";
import { type Chunk, type LoadedPanel, type LoaderHost, type Panel, RESUME_KEY } from "../core/panel_contract";
import { chunksFrom } from "./chunks";
import { drawLauncher } from "./launcher";
import { adopt, launcherCss } from "./styles";

/** Put in by the build. */
declare const PANEL: Chunk;

export interface Widget {
  element: HTMLElement;
  open(): void;
  /** Does `work` with the panel if it is there; with `load`, fetches it first. */
  use(work: (panel: Panel) => void, load?: boolean): void;
  destroy(): void;
}

/** How the panel reads the options too. */
const READING = { read: readOptions, fits: fitsRoughly, rows: LAUNCHER_ROWS };

export function newWidget(element: HTMLElement, given: Given, events: Events, base: string, nonce: string): Widget {
  const options = readOptions<LauncherOptions>(LAUNCHER_ROWS, given, fitsRoughly);
  const chunks = chunksFrom(base, nonce);
  const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
  const launcher = drawLauncher(options);
  let panel: Promise<Panel> | null = null;
  let gone = false;

  const show = (isOpen: boolean) => {
    launcher.hidden = isOpen;
    launcher.ariaBusy = null;
  };

  const host: LoaderHost = {
    root,
    given,
    ...READING,
    apiUrl: String(given("api_url") || base),
    adopt: (css) => adopt(root, css, nonce),
    load: chunks.load,
    emit: events.emit,
    closed() {
      show(false);
      launcher.focus();
    },
  };

  const use: Widget["use"] = (work, wanted) => {
    if (wanted && !gone && !panel) {
      launcher.ariaBusy = "true";
      panel = loadPanel(host, base);
    }
    panel?.then(
      (ready) => gone || work(ready),
      () => {
        panel = null; // the next click tries again
        show(false);
      },
    );
  };

  const open = () =>
    use((ready) => {
      show(true);
      ready.open();
    }, true);

  adopt(root, launcherCss(options), nonce);
  show(false);
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

/** The panel, made for `host`. Says what a page must allow when it cannot be had. */
async function loadPanel(host: LoaderHost, base: string): Promise<Panel> {
  try {
    return ((await host.load(PANEL)) as LoadedPanel)(host);
  } catch (thrown) {
    const message = `Allow script-src ${base}; connect-src ${host.apiUrl}`;
    console.warn("Parloir: panel_blocked:", message);
    host.emit("error", { code: "panel_blocked", message });
    throw thrown;
  }
}

/** Whether a conversation of this tab goes on. */
function isKept(): boolean {
  try {
    return !!sessionStorage.getItem(RESUME_KEY);
  } catch {
    return false;
  }
}
