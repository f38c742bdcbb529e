/** The pasted script: one global, one element, one button. Everything else is loaded when somebody wants to talk. */

import { newEvents } from "./core/events";
import { fromAttributes, fromObject, type Given } from "./core/options";
import type { Panel } from "./core/panel_contract";
import { newWidget, type Widget } from "./loader/widget";

type Call = [method: string, ...values: unknown[]];
type Queue = ArrayLike<Call> & { q?: Call[] };
type Methods = Record<string, (...values: unknown[]) => void>;
type Page = { VocalIA?: unknown; VOCALIA_CONFIG?: object };

const TAG = "parloir-widget";
/** A module script is not told which element it came from; one that is imported has none, and names itself in a trace. */
const script = (document.currentScript ??
  document.querySelector("[type=module][src*='/w/']") ??
  Object.assign(document.createElement("script"), {
    src: /https?:[^\s)]+/.exec(new Error().stack ?? ""),
  })) as HTMLScriptElement;
const page = window as unknown as Page;

function boot(source: HTMLScriptElement): void {
  const base = new URL(source.src).origin;
  const nonce = source.nonce;
  const events = newEvents();
  let current: Widget | undefined;

  const make = (element: HTMLElement, given: Given) => {
    current?.destroy();
    current = newWidget(element, given, events, base, nonce);
  };

  /** Beside the body, not in it: there it outlives what swaps the body (Turbo, Astro), sound and all. */
  const add = (given: Given) => {
    const element = document.createElement(TAG);
    make(element, given);
    document.documentElement.append(element);
  };

  const destroy = () => {
    const last = current;
    current = undefined;
    last?.destroy();
  };

  customElements.define(
    TAG,
    class extends HTMLElement {
      connectedCallback() {
        const given = fromAttributes(this, "");
        if (current?.element !== this && isNamed(given)) make(this, given);
      }

      disconnectedCallback() {
        // Moving an element disconnects it for a moment; React's strict mode does so on purpose.
        setTimeout(() => this.isConnected || current?.element !== this || destroy());
      }
    },
  );

  /** What the panel does, after opening it or only if it is there. */
  const panel =
    (method: keyof Panel, opens?: boolean) =>
    (value?: unknown): void => {
      if (opens) current?.open();
      current?.use((ready) => (ready[method] as (value?: unknown) => void)(value));
    };

  const api = {
    init: (given: object) => add(fromObject(given)),
    on: events.on,
    off: events.off,
    open: () => current?.open(),
    close: panel("close"),
    start: panel("start", true),
    end: panel("end"),
    mute: (on = true) => panel("mute")(on),
    sendText: panel("sendText", true),
    destroy,
    /** `VocalIA.push(["on", "message", listener])`, before and after we came. */
    push: (...calls: Call[]) => {
      for (const [method, ...values] of calls) (api as unknown as Methods)[method]?.(...values);
    },
  };

  // What the page put there before we came: an array, or an object with its calls in `q`. It becomes the API.
  const before = page.VocalIA as Queue | undefined;
  page.VocalIA = Object.assign(before ?? {}, api);
  const attributes = fromAttributes(source, "data-");
  if (page.VOCALIA_CONFIG) api.init(page.VOCALIA_CONFIG);
  else if (isNamed(attributes)) add(attributes);
  api.push(...Array.from(before?.q ?? before ?? []));
}

/** Whether it says who to talk with. */
const isNamed = (given: Given) => given("apiKey") || given("tenant_id");

if (!customElements.get(TAG)) boot(script);
