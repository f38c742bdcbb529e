/** Promises that an answer settles, or the clock, or the end: each once, at most so many. */

import { PENDING_MAX } from "./protocol";

/** An error with a stable code. */
export const problem = (code: string, message = code, retryable = false): Error =>
  Object.assign(new Error(message), { code, retryable });

export class Waiting {
  private readonly _all = new Map<number, (why: Error | null, value?: unknown) => void>();

  /** Waits for `settle(id, …)`. Rejects with the code of `late` after `ms`, and at once when too many wait. */
  wait(id: number, ms: number, late = () => "timeout"): Promise<unknown> {
    return new Promise((done, failed) => {
      if (this._all.size >= PENDING_MAX) return failed(problem("too_many_commands", "Too many at once.", true));
      const timer = setTimeout(() => this.settle(id, problem(late(), "No answer in time.", true)), ms);
      this._all.set(id, (why, value) => {
        clearTimeout(timer);
        if (why) failed(why);
        else done(value);
      });
    });
  }

  has(id: number): boolean {
    return this._all.has(id);
  }

  /** An id nobody waits for changes nothing. */
  settle(id: number, why: Error | null, value?: unknown): void {
    const settle = this._all.get(id);
    this._all.delete(id);
    settle?.(why, value);
  }

  refuseAll(code: string): void {
    for (const id of [...this._all.keys()]) this.settle(id, problem(code));
  }
}
