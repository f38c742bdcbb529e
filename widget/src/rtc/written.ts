/** A written conversation's way to the server: a socket, or plain requests where none can open. */

import type { Api } from "../core/api";
import { codeOf } from "../core/errors";
import type { Message } from "../core/protocol";
import type { Link, LinkEvents } from "./peer";
import { openSocket } from "./socket";

/** `/widget/messages` answers when the agent has: up to 20 s. */
const ANSWER_TIMEOUT_MS = 25_000;

/** Each written message is one request; the answer comes with it. */
function openRequests(api: Api, events: LinkEvents): Link {
  let closed = false;
  const say = (message: object) => closed || events.message(JSON.stringify(message));
  const write = async (id: string, text: string) => {
    say({ type: "state", state: "thinking" });
    try {
      const { messages } = await api.ask<{ messages: Message[] }>("messages", { id, text }, ANSWER_TIMEOUT_MS);
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
  const unusable = () => {
    link = openRequests(api, events);
    events.open();
  };
  let link = openSocket(api, since, { ...events, unusable });
  return { send: (message) => link.send(message), close: () => link.close() };
}
