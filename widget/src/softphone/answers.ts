/** Which of our messages to the server wait for its word: each is done, refused, or given up, exactly once. */

import { Problem } from "../core/errors";

const TIMEOUT_MS = 10_000;
export const WAITING_MAX = 32;

interface Waiting {
  done: () => void;
  failed: (why: Problem) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class Answers {
  private readonly _waiting = new Map<string, Waiting>();
  private _last = 0;

  /** `send` gets the message's id; false from it: nobody is there. Rejects with a `Problem`. */
  ask(send: (id: string) => boolean): Promise<void> {
    const id = `h${++this._last}`;
    return new Promise((done, failed) => {
      if (this._waiting.size >= WAITING_MAX) return failed(new Problem("too_many_commands"));
      const timer = setTimeout(() => this.refuse(id, "timeout"), TIMEOUT_MS);
      this._waiting.set(id, { done, failed, timer });
      if (!send(id)) this.refuse(id, "not_connected");
    });
  }

  done(id: string): void {
    this._take(id)?.done();
  }

  /** False when nobody waits for it. */
  refuse(id: string, code: string): boolean {
    const waiting = this._take(id);
    waiting?.failed(new Problem(code));
    return !!waiting;
  }

  giveUp(): void {
    for (const id of [...this._waiting.keys()]) this.refuse(id, "not_connected");
  }

  private _take(id: string): Waiting | undefined {
    const waiting = this._waiting.get(id);
    clearTimeout(waiting?.timer);
    this._waiting.delete(id);
    return waiting;
  }
}
