/** The frame's side of the handshake: says hello to its parent's exact origin, and takes one port for it. */

import { commonVersion, type Hello, readConnect, VERSIONS } from "./protocol";

/** Meet the page of `origin`. `taken` comes at most once, with a port whose `onmessage` is yet to be set.
 *
 * Only the parent window, of that origin, with the nonce of this very load is believed; whatever else is posted at
 * this window, before or after, changes nothing. The answer stops waiting.
 */
export function meetParent(origin: string, taken: (port: MessagePort) => void, view: Window = window): () => void {
  const nonce = crypto.randomUUID();
  const listener = ({ source, origin: from, data, ports }: MessageEvent) => {
    if (source !== view.parent || from !== origin) return;
    const connect = readConnect(data);
    const port = ports[0];
    if (connect?.nonce !== nonce || !port || ports.length !== 1 || !commonVersion([connect.version])) return;
    stop();
    taken(port);
  };
  const stop = () => view.removeEventListener("message", listener);
  view.addEventListener("message", listener);
  const hello: Hello = { parloir: 1, type: "hello", nonce, versions: VERSIONS };
  view.parent.postMessage(hello, origin);
  return stop;
}
