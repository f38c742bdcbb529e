/** The sound of one conversation: the visitor's microphone, when it is open, and the agent's voice. */

import { stop } from "../rtc/microphone";
import { signal } from "./signals";
import type { World } from "./world";

export class Sound {
  readonly mine = signal<MediaStream | null>(null);
  readonly theirs = signal<MediaStream | null>(null);
  /** There is nothing to hold. */
  readonly cannotHold = signal(false);
  /** The one that was chosen; the browser's standard one otherwise. */
  device: string | undefined;
  private _isMuted = false;

  constructor(
    readonly openMicrophone: World["microphone"],
    private readonly _pushToTalk: () => boolean,
  ) {}

  /** Heard only while the late chunk says that the button is held; otherwise until muted. Reads signals. */
  isByHold = (): boolean => this._pushToTalk() && !this.cannotHold.get();

  /** Open the microphone unless it is open; `isWanted` is asked again after the browser's question. */
  async hear(isWanted: () => boolean, onAsking: () => void): Promise<void> {
    if (this.mine.get()?.getAudioTracks()[0]?.readyState === "live") return;
    onAsking();
    const stream = await this.openMicrophone(this.device);
    if (isWanted()) this.take(stream);
    else stop(stream);
  }

  mute(on: boolean): void {
    this._isMuted = on;
    if (!this.isByHold()) this.gate(!on);
  }

  gate(isOpen: boolean): void {
    for (const track of this.mine.get()?.getAudioTracks() ?? []) track.enabled = isOpen;
  }

  release(): void {
    stop(this.mine.get());
    this.mine.set(null);
    this.theirs.set(null);
  }

  take(stream: MediaStream): void {
    this.mine.set(stream);
    this.gate(!this.isByHold() && !this._isMuted);
  }
}
