/** The host's side of the handshake: answers each load of its own frame, from our origin alone, with a new port. */

import { type Connect, commonVersion, readHello } from "./protocol";

export interface Link {
  isConnected(): boolean;
  post(message: object): void;
  close(): void;
}

/** `changed` is told "" when a port was handed over, or the code of why there is none any more. */
export function connectFrame(
  frame: HTMLIFrameElement,
  server: string,
  hear: (raw: unknown) => void,
  changed: (code: string) => void,
): Link {
  let port: MessagePort | null = null;
  let answered = "";
  const drop = () => {
    port?.close();
    port = null;
  };
  const listener = ({ source, origin, data }: MessageEvent) => {
    if (!source || source !== frame.contentWindow || origin !== server) return;
    const hello = readHello(data);
    if (!hello || hello.nonce === answered) return;
    answered = hello.nonce;
    if (port) changed("frame_reloaded");
    drop();
    const version = commonVersion(hello.versions);
    if (!version) return changed("unsupported_version");
    const channel = new MessageChannel();
    port = channel.port1;
    port.onmessage = ({ data: said }) => hear(said);
    const connect: Connect = { parloir: 1, type: "connect", nonce: answered, version };
    frame.contentWindow?.postMessage(connect, server, [channel.port2]);
    changed("");
  };
  addEventListener("message", listener);
  return {
    isConnected: () => !!port,
    post: (message) => port?.postMessage(message),
    close() {
      removeEventListener("message", listener);
      drop();
    },
  };
}
