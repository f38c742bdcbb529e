/** `on`, `off` and `emit`: a listener that throws stops nobody else. */

type Listener = (detail: object) => void;

export function newListeners() {
  const all = new Map<string, Set<Listener>>();
  /** Without a listener, every listener of the event goes. */
  const off = (event: string, listener?: Listener): void => {
    if (listener) all.get(event)?.delete(listener);
    else all.delete(event);
  };
  return {
    off,
    clear: () => all.clear(),
    /** Returns what takes the listener away again. */
    on(event: string, listener: Listener): () => void {
      const known = all.get(event) ?? new Set();
      all.set(event, known.add(listener));
      return () => off(event, listener);
    },
    emit(event: string, detail: object): void {
      for (const listener of [...(all.get(event) ?? [])]) {
        try {
          listener(detail);
        } catch (thrown) {
          reportError(thrown);
        }
      }
    },
  };
}
