/** Which microphones and speakers there are, kept fresh while the page is open, and the speaker in use. */

import { Problem } from "../core/errors";
import { effect, signal } from "../core/signals";
import type { Line } from "./line";

/** A device as a host page may choose it. */
interface Choice {
  id: string;
  label: string;
}

export class Devices {
  readonly all = signal<readonly MediaDeviceInfo[]>([]);
  /** The id of the speaker in use; "": the standard one. */
  readonly speaker = signal("");
  private readonly _devices: MediaDevices | undefined = navigator.mediaDevices;

  /** Labels are there once a microphone was opened: looked at anew with each. */
  constructor(
    private readonly _line: Line,
    private readonly _audio: HTMLAudioElement,
  ) {
    this._devices?.addEventListener("devicechange", () => void this._look());
    effect(() => {
      _line.mine.get();
      void this._look();
    });
  }

  /** False where the browser sends sound to the standard device alone. */
  get hasSpeakers(): boolean {
    return typeof this._audio.setSinkId === "function";
  }

  of(kind: MediaDeviceKind): MediaDeviceInfo[] {
    return this.all.get().filter((one) => one.kind === kind && one.deviceId && one.deviceId !== "default");
  }

  get microphone(): string {
    return this._line.mine.get()?.getAudioTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** Throws `Problem` `device_missing` when there is none of that id (any more). */
  async hearThrough(id: string): Promise<void> {
    if (id) this._find("audiooutput", id);
    try {
      await this._audio.setSinkId(id);
    } catch {
      throw new Problem("device_missing");
    }
    this.speaker.set(id);
  }

  /** As `hearThrough`, for the voice that is sent. */
  async speakInto(id: string): Promise<void> {
    if (id) this._find("audioinput", id);
    await this._line.choose(id);
  }

  choices(kind: MediaDeviceKind): Choice[] {
    return this.of(kind).map(({ deviceId, label }) => ({ id: deviceId, label }));
  }

  private _find(kind: MediaDeviceKind, id: string): void {
    if (!this.of(kind).some(({ deviceId }) => deviceId === id)) throw new Problem("device_missing");
  }

  private async _look(): Promise<void> {
    this.all.set((await this._devices?.enumerateDevices().catch(() => [])) ?? []);
  }
}
