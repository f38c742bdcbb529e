/** What the loader and the panel promise each other: how the panel is loaded, given its host, and driven. */

import type { Late } from "../late/kit";
import { type Fits, type Given, type OptionRow, type readOptions, type Stored, withStored } from "./options";
import { type Options, ROWS } from "./options.gen";
import { exactly, readingTexts } from "./options_check";
import { signal } from "./signals";

/** A script of ours: URL path and sha256. */
export type Chunk = [path: string, integrity: string];

/** A chunk's script dispatches this on its own `<script>` element, with what it hands over as detail. */
export const CHUNK_EVENT = "parloir";

/** Where sessionStorage keeps a conversation that goes on after a navigation; only after the visitor agreed. */
export const RESUME_KEY = "parloir.session";

interface Host {
  /** The widget's open shadow root; the launcher is in it already. */
  root: ShadowRoot;
  /** The server's origin, for the panel without a slash at its end. */
  apiUrl: string;
  /** Adds CSS without a style element where the browser can, with the page's nonce where it cannot. */
  adopt(css: string): void;
  /** Tells the page's listeners, `VocalIA.on(event)`. */
  emit(event: string, detail: object): void;
  /** The panel wants to be hidden; the loader shows the launcher again and gives it focus. */
  closed(): void;
}

/** What the loader gives. */
export interface LoaderHost extends Host {
  /** What the page gave, unchecked. */
  given: Given;
  /** What the panel needs and the loader has already: how options are read, and its rows of the table. */
  read: typeof readOptions;
  fits: Fits;
  rows: OptionRow[];
  /** Loads another script of ours, its bytes checked; what it hands over. Rejects when it cannot be had. */
  load(chunk: Chunk): Promise<unknown>;
}

/** What the panel gets. */
export interface PanelHost extends LoaderHost {
  /** Checked: what the page gave, then what the tenant stored, then the defaults. Reads a signal. */
  readonly options: Options;
  /** Tells the page what it gave wrong, in the console and as an event. */
  report(code: string, message: string): void;
  /** What the tenant stored, once the server said so. */
  learn(stored: Stored): void;
  /** The panel's texts in the page's language. */
  words: Record<string, string>;
  /** What a first call does not need; rejects when it cannot be had, and may be asked again. */
  late(): Promise<Late>;
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
/** Rejects when the words of the page's language cannot be had: a panel without words is none. */
export type LoadedPanel = (host: LoaderHost) => Promise<Panel>;

/** The late chunk and the first words of each language, put in by the build. */
declare const PACKS: Record<Options["language"] | "late", Chunk>;
/** The keys of the first words, in the order in which every language's script gives them; put in by the build. */
declare const KEYS: string[];

/** Called by the panel's entry, once, while its script runs. */
export function offerPanel(factory: PanelFactory): void {
  const complete: LoadedPanel = async (host) => {
    const report = (code: string, message: string) => {
      console.warn(`Parloir: ${code}: ${message}`);
      host.emit("error", { code, message });
    };
    const rows = [...host.rows, ...ROWS];
    const given = readingTexts(rows, host.given);
    const fits = exactly(host.fits);
    const page = host.read<Options>(rows, given, fits, (path) => report("config_invalid", `${path} is not valid`));
    if (!page.apiKey && !page.tenant_id) report("config_missing", "Give apiKey and agentId, or tenant_id");
    if (page.consent.text && !page.consent.version) {
      report("config_invalid", "consent.text needs consent.version");
    }
    const options = signal(page);
    const words = (await host.load(PACKS[page.language])) as string[];
    return factory({
      ...host,
      report,
      apiUrl: host.apiUrl.replace(/\/+$/, ""),
      get options() {
        return options.get();
      },
      learn(stored) {
        const known = host.read<Options>(withStored(rows, stored), given, fits);
        options.set({ ...known, labels: { ...(stored.labels as Options["labels"]), ...page.labels } });
      },
      words: Object.fromEntries(KEYS.map((key, at) => [key, words[at] as string])),
      late: () => host.load(PACKS.late) as Promise<Late>,
    });
  };
  handOver(complete);
}

/** Called by a pack's entry, once, while its script runs. */
export function offerTexts(texts: Record<string, string> | string[]): void {
  handOver(texts);
}

/** Called by the late chunk's entry, once, while its script runs. */
export function offerLate(late: Late): void {
  handOver(late);
}

function handOver(what: unknown): void {
  document.currentScript?.dispatchEvent(new CustomEvent(CHUNK_EVENT, { detail: what }));
}
