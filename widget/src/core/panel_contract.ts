/** What the loader and the panel promise each other: how the panel is loaded, given its host, and driven. */

import type { Options } from "./options.gen";

/** The panel's script dispatches this on its own `<script>` element, with a PanelFactory as detail. */
export const PANEL_EVENT = "parloir:panel";

/** A language pack's script dispatches this on its own `<script>` element, with its texts as detail. */
export const LANGUAGE_EVENT = "parloir:language";

/** What the loader gives the panel. */
export interface PanelHost {
  /** The widget's open shadow root; the launcher is in it already. */
  root: ShadowRoot;
  /** Checked, with every default filled in. */
  options: Options;
  /** The server's origin, without a trailing slash. */
  apiUrl: string;
  /** Adds CSS without a style element where the browser can, with the page's nonce where it cannot. */
  adopt(css: string): void;
  /** The texts of a language, loaded with integrity; rejects when they cannot be had. English is in the panel. */
  texts(language: string): Promise<Record<string, string>>;
  /** Tells the page's listeners, `VocalIA.on(event)`. */
  emit(event: string, detail: object): void;
  /** The panel wants to be hidden; the loader shows the launcher again and gives it focus. */
  closed(): void;
}

/** What the loader asks of the panel. */
export interface Panel {
  open(): void;
  close(): void;
  /** Starts at once if the visitor agreed before; otherwise shows what there is to agree to. */
  start(): void;
  end(): void;
  mute(on: boolean): void;
  sendText(text: string): void;
  /** Ends everything, removes everything, leaves no listener, timer, track or node. */
  destroy(): void;
}

export type PanelFactory = (host: PanelHost) => Panel;

/** Called by the panel's entry, once, while its script runs. */
export function offerPanel(factory: PanelFactory): void {
  document.currentScript?.dispatchEvent(new CustomEvent(PANEL_EVENT, { detail: factory }));
}
