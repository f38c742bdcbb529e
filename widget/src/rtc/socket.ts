/** A written conversation's way to the server: a WebSocket. */

import type { Api } from "../core/api";
import type { ToServer } from "../core/protocol";
import type { Link, LinkEvents } from "./peer";

const PING_MS = 15_000;
const OPEN_TIMEOUT_MS = 6_000;

const CLOSES: Record<number, string> = {
  4401: "session_expired",
  4403: "origin_not_allowed",
  4410: "session_ended",
};

interface SocketEvents extends LinkEvents {
  /** No socket can open here (an old proxy, a browser rule): use requests. */
  unusable(): void;
}

/** `open` is told when the server's first message is here: only then is the token known to be good. */
export function openSocket(api: Api, since: () => number, events: SocketEvents): Link {
  let heard = false;
  let closed = false;
  const socket = new WebSocket(`${api.base.replace(/^http/, "ws")}/widget/socket`);
  const send = (message: ToServer) => {
    if (socket.readyState !== WebSocket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  };
  const pinging = setInterval(() => send({ type: "ping" }), PING_MS);
  const close = () => {
    closed = true;
    clearInterval(pinging);
    clearTimeout(opening);
    socket.close();
  };
  const gone = (code: number) => {
    if (closed) return;
    close();
    const reason = CLOSES[code];
    if (heard || reason || code === 1012) events.lost(reason);
    else events.unusable();
  };
  const opening = setTimeout(() => gone(0), OPEN_TIMEOUT_MS);
  socket.onopen = () => send({ type: "hello", since: since(), token: api.token });
  socket.onmessage = ({ data }) => {
    if (closed) return;
    if (!heard) {
      heard = true;
      clearTimeout(opening);
      events.open();
    }
    events.message(data);
  };
  socket.onclose = ({ code }) => gone(code);
  return { send, close };
}
