// The npm client in Node: subscribes to one call, prints what it is told, reconnects by itself as in any page.
// Usage: node cable_client.mjs URL ID TOKEN. Ends when the call has; "lost" and "again" tell of the connection.

import { createRequire } from "node:module";
import * as ActionCable from "@rails/actioncable";

const [url, id, token] = process.argv.slice(2);
const { adapters, createConsumer } = ActionCable;
adapters.WebSocket = createRequire(import.meta.url)("ws");
adapters.logger = console;
// Its monitor watches the page's visibility.
globalThis.document = { visibilityState: "visible" };
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};

const consumer = createConsumer(url);
consumer.subscriptions.create(
  { channel: "CallsChannel", id: Number(id), token },
  {
    connected: ({ reconnected }) => console.log(reconnected ? "again" : "connected"),
    disconnected: () => console.log("lost"),
    rejected: () => {
      console.log("rejected");
      process.exit(3);
    },
    received: (message) => {
      console.log(JSON.stringify(message));
      if (message.type === "status_changed" && ["completed", "error"].includes(message.status)) {
        consumer.disconnect();
        process.exit(0);
      }
    },
  },
);
