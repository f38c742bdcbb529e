/** The page's listeners: `on`, `off`, and one event that late listeners still hear. */

export type Listener = (detail: object) => void;

export interface Events {
  /** Returns what takes the listener away again. */
  on(event: string, listener: Listener): () => void;
  /** Without a listener, every listener of the event goes. */
  off(event: string, listener?: Listener): void;
  emit(event: string, detail: object): void;
}

const REPLAYED = "conversationStart";

export function newEvents(): Events {
  const listeners: Record<string, Listener[]> = {};
  let started: object | null = null;
  const off: Events["off"] = (event, listener) => {
    listeners[event] = (listeners[event] ?? []).filter((known) => listener && known !== listener);
  };
  return {
    off,
    on(event, listener) {
      listeners[event] = [...(listeners[event] ?? []), listener];
      if (event === REPLAYED && started) call(listener, started);
      return () => off(event, listener);
    },
    emit(event, detail) {
      if (event === REPLAYED) started = detail;
      if (event === "conversationEnd") started = null;
      for (const listener of listeners[event] ?? []) call(listener, detail);
    },
  };
}

/** A listener of the page that throws must not stop the widget: its error goes where the page's errors go. */
function call(listener: Listener, detail: object): void {
  try {
    listener(detail);
  } catch (thrown) {
    reportError(thrown);
  }
}
