/** A written conversation's way to the server: a WebSocket, or plain requests where no socket can open. */

import type { Api } from "../core/api";
import { codeOf } from "../core/errors";
import type { Message, ToServer } from "../core/protocol";
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
function openSocket(api: Api, since: () => number, events: SocketEvents): Link {
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

/** Each written message is one request; the answer comes with it. */
function openRequests(api: Api, events: LinkEvents): Link {
  let closed = false;
  const say = (message: object) => closed || events.message(JSON.stringify(message));
  const write = async (id: string, text: string) => {
    say({ type: "state", state: "thinking" });
    try {
      const { messages } = await api.write(id, text);
      for (const message of messages) say({ type: "message", ...(message satisfies Message) });
      say({ type: "state", state: "listening" });
    } catch (thrown) {
      if (!closed) events.lost(codeOf(thrown));
    }
  };
  return {
    send(message) {
      if (message.type === "text") void write(message.id, message.text);
      return message.type === "text";
    },
    close() {
      closed = true;
    },
  };
}

/** A socket, or requests when no socket can open. */
export function openWritten(api: Api, since: () => number, events: LinkEvents): Link {
  let link = openSocket(api, since, {
    ...events,
    unusable() {
      link = openRequests(api, events);
      events.open();
    },
  });
  return { send: (message) => link.send(message), close: () => link.close() };
}
