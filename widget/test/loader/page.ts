/** A page of its own for every test: a fresh window whose network serves the loader as it is built, and a small panel. */

import { buildSync } from "esbuild";
import { Window } from "happy-dom";
import type { Chunk, LoaderHost } from "../../src/core/panel_contract";

export const SERVER = "https://voice.example";
export const PANEL: Chunk = ["/w/0.0.0/panel.js", "sha256-of-the-panel"];

const [built] = buildSync({
  entryPoints: ["widget/src/loader.ts"],
  bundle: true,
  format: "iife",
  write: false,
  define: { PANEL: JSON.stringify(PANEL) },
}).outputFiles;

/** Keeps the contract and notes what it is asked to do. */
const NOTING_PANEL = `document.currentScript.dispatchEvent(new CustomEvent("parloir", { detail(host) {
  hosts.push(host);
  const note = (method) => (...values) => void asked.push([method, ...values].join(" ").trim());
  return Object.fromEntries(
    ["open", "close", "start", "end", "mute", "sendText", "destroy"].map((method) => [method, note(method)]));
} }));`;

interface Api {
  on(event: string, listener: (detail: never) => void): () => void;
  off(event: string, listener?: (detail: never) => void): void;
  init(options: object): void;
  push(...calls: unknown[][]): void;
  open(): void;
  close(): void;
  start(): void;
  end(): void;
  mute(on?: boolean): void;
  sendText(text: string): void;
  destroy(): void;
}

export interface Page {
  window: Window;
  /** Pastes the tag once more, with these attributes. */
  paste(attributes?: Record<string, string>): Promise<void>;
  api(): Api;
  widgets(): Element[];
  launcher(): HTMLButtonElement;
  /** What the panel was asked to do, oldest first. */
  asked: string[];
  /** The hosts that were given to a panel. */
  hosts: LoaderHost[];
  warnings: string[];
  /** What was reported as an error of the page's own. */
  failures: string[];
  /** Until everything that was going to happen has happened. */
  settled(): Promise<void>;
}

export interface PageSettings {
  html?: string;
  globals?: Record<string, unknown>;
  attributes?: Record<string, string>;
  /** The panel's script does not arrive. */
  isBlocked?: () => boolean;
}

/** A page on which the tag was just run. */
export async function openPage(settings: PageSettings = {}): Promise<Page> {
  const warnings: string[] = [];
  const failures: string[] = [];
  const asked: string[] = [];
  const hosts: LoaderHost[] = [];
  const serve = (url: string): string | null => {
    if (url === `${SERVER}/w/v1.js`) return built?.text ?? null;
    return url.split("?")[0] === SERVER + PANEL[0] && !settings.isBlocked?.() ? NOTING_PANEL : null;
  };
  const window = new Window({
    url: "https://shop.example/",
    console: { ...console, warn: (...words: unknown[]) => warnings.push(words.join(" ")), error: () => {} } as Console,
    settings: {
      enableJavaScriptEvaluation: true,
      suppressInsecureJavaScriptEnvironmentWarning: true,
      fetch: {
        disableSameOriginPolicy: true,
        interceptor: {
          beforeSyncRequest({ request, window: page }) {
            const served = serve(request.url);
            return {
              status: served === null ? 404 : 200,
              statusText: "",
              ok: served !== null,
              url: request.url,
              redirected: false,
              headers: new page.Headers(),
              body: Buffer.from(served ?? ""),
            };
          },
        },
      },
    },
  });
  const { document } = window;
  const reportError = (thrown: Error) => failures.push(thrown.message); // happy-dom has none
  Object.assign(window, { asked, hosts, reportError }, settings.globals);
  document.body.innerHTML = settings.html ?? "";

  const page: Page = {
    window,
    asked,
    hosts,
    warnings,
    failures,
    async paste(attributes = {}) {
      const script = document.createElement("script");
      for (const [name, value] of Object.entries(attributes)) script.setAttribute(name, value);
      const done = new Promise((resolve) => script.addEventListener("load", resolve));
      script.src = `${SERVER}/w/v1.js`;
      document.body.append(script);
      await done;
    },
    api: () => (window as unknown as { VocalIA: Api }).VocalIA,
    widgets: () => [...document.querySelectorAll("parloir-widget")] as unknown as Element[],
    launcher: () => page.widgets()[0]?.shadowRoot?.querySelector("button.launcher") as unknown as HTMLButtonElement,
    settled: async () => {
      await window.happyDOM.waitUntilComplete();
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
  await page.paste(settings.attributes);
  return page;
}
