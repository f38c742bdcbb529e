/** What was said and written, in order, and what the server has not confirmed yet. */

import { type Message, placed, seen } from "./protocol";
import { signal } from "./signals";

export const newId = (): string => `c${Math.random().toString(36).slice(2)}`;

export class Transcript {
  readonly messages = signal<readonly Message[]>([]);
  /** Written words the server has not repeated to us; sent again on a new link, it knows them by their id. */
  unconfirmed: { id: string; text: string }[] = [];
  private _announced = new Set<string>();

  get isNew(): boolean {
    return !this._announced.size;
  }

  seen = (): number => seen(this.messages.get());

  /** The visitor's words, shown at once. */
  write(text: string): { id: string; text: string } {
    const written = { id: newId(), text };
    this.unconfirmed.push(written);
    this.messages.set([...this.messages.get(), { ...written, role: "user", final: true, via: "text" }]);
    return written;
  }

  /** True when `message` is final and was not told before. */
  take({ type: _, ...message }: Message & { type?: string }): boolean {
    this.messages.set(placed(this.messages.get(), message));
    this.unconfirmed = this.unconfirmed.filter(({ id }) => id !== message.client_id);
    if (!message.final || this._announced.has(message.id)) return false;
    this._announced.add(message.id);
    return true;
  }

  clear(): void {
    this.messages.set([]);
    this.unconfirmed = [];
    this._announced.clear();
  }
}
