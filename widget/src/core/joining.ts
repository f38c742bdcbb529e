/** Waits until a new link works, fails, or takes too long. */

import type { Link, PeerEvents } from "../rtc/peer";
import { Problem } from "./errors";

const JOIN_TIMEOUT_MS = 12_000;

/** `reach` makes the link and hands it to `made`; after it opened, what happens goes to `after`. Throws `Problem`. */
export async function join(
  reach: (events: PeerEvents, made: (link: Link) => void) => Promise<void>,
  after: Omit<PeerEvents, "open">,
): Promise<Link> {
  let late: ReturnType<typeof setTimeout> | undefined;
  let link: Link | undefined;
  let isUp = false;
  let isGone = false;
  try {
    await new Promise<void>((resolve, reject) => {
      const ready = () => isUp && link && resolve();
      late = setTimeout(() => reject(new Problem("connection_failed")), JOIN_TIMEOUT_MS);
      const events: PeerEvents = {
        ...after,
        open: () => {
          isUp = true;
          ready();
        },
        lost: (code) => (isUp ? after.lost(code) : reject(new Problem(code ?? "connection_failed"))),
      };
      reach(events, (made) => {
        link = made;
        if (isGone) made.close();
        ready();
      }).catch(reject);
    });
    return link as unknown as Link;
  } catch (thrown) {
    isGone = true;
    link?.close();
    throw thrown;
  } finally {
    clearTimeout(late);
  }
}
