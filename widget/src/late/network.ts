/** What the browser says of the connection: the network is back, the page is put aside or shown again. */

import { isOngoing } from "../core/state";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

export function network({ listen }: Kit, { talk }: Scene): void {
  const state = () => talk.state.get();
  listen(window, "online", () => talk.wake?.());
  // A living connection would keep the page out of the back/forward cache.
  listen(window, "pagehide", ({ persisted }: PageTransitionEvent) => {
    if (!persisted || !isOngoing(state())) return;
    talk.newAttempt();
    talk.unlink();
    talk.move({ type: "lost" });
  });
  listen(window, "pageshow", ({ persisted }: PageTransitionEvent) => {
    if (persisted && state().phase === "reconnecting") void talk.rejoin();
  });
}
