/** When to try again after a lost connection: 0, 1, 2, 4, 8 s, then every 8 s, for 30 s in all. */

export const GRACE_MS = 5_000;
export const GIVE_UP_MS = 30_000;
const WAITS_MS = [0, 1_000, 2_000, 4_000, 8_000];

/** Milliseconds before attempt number `attempt` (from 0), or null when `elapsedMs` leaves no time for it. */
export function waitBefore(attempt: number, elapsedMs: number): number | null {
  const wait = WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] as number;
  return elapsedMs + wait > GIVE_UP_MS ? null : wait;
}
