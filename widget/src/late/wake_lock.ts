/** Keeps the screen on while one talks: a phone that locks itself takes the microphone away. */

import { isOngoing } from "../core/state";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

/** Browsers that know no lock, and those that refuse one (little battery), talk all the same. */
export function keepAwake({ bind, atEnd, listen }: Kit, { talk }: Scene): void {
  let held: WakeLockSentinel | null = null;
  let isAsking = false;
  const isWanted = () => {
    const state = talk.state.get();
    return isOngoing(state) && state.mode === "voice" && !document.hidden;
  };
  const letGo = () => {
    void held?.release().catch(() => {});
    held = null;
  };
  const take = async () => {
    // The browser takes the lock back whenever the page is hidden.
    if (isAsking || (held && !held.released)) return;
    isAsking = true;
    try {
      held = (await navigator.wakeLock?.request("screen")) ?? null;
    } catch {
      held = null;
    }
    isAsking = false;
    if (isGone || !isWanted()) letGo();
  };
  const settle = () => (isWanted() ? void take() : letGo());
  let isGone = false;
  bind(settle);
  listen(document, "visibilitychange", settle);
  atEnd(() => {
    isGone = true;
    letGo();
  });
}
