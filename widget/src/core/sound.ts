/** The sound of one conversation: the visitor's microphone, when it is open, and the agent's voice. */

import { stop } from "../rtc/microphone";
import { signal } from "./signals";
import type { World } from "./world";

/** The last syllable is still on its way when the finger leaves the button. */
const TALK_TAIL_MS = 250;

export class Sound {
  readonly mine = signal<MediaStream | null>(null);
  readonly theirs = signal<MediaStream | null>(null);
  /** Hold-to-talk is held. */
  readonly held = signal(false);
  /** There is nothing to hold. */
  readonly cannotHold = signal(false);
  private _device: string | undefined;
  private _isMuted = false;

  constructor(
    private readonly openMicrophone: World["microphone"],
    private readonly pushToTalk: () => boolean,
    private readonly onUnplugged: () => void,
  ) {}

  /** Heard only while held; otherwise until muted. Reads signals. */
  isByHold = (): boolean => this.pushToTalk() && !this.cannotHold.get();

  /** Open the microphone unless it is open; `isWanted` is asked again after the browser's question. */
  async hear(isWanted: () => boolean, onAsking: () => void): Promise<void> {
    if (this.mine.get()?.getAudioTracks()[0]?.readyState === "live") return;
    onAsking();
    const stream = await this.openMicrophone(this._device);
    if (isWanted()) this._take(stream);
    else stop(stream);
  }

  /** Another microphone, or the standard one; null when none is open now. */
  async choose(deviceId?: string): Promise<MediaStream | null> {
    this._device = deviceId;
    if (!this.mine.get()) return null;
    const stream = await this.openMicrophone(deviceId);
    stop(this.mine.get());
    this._take(stream);
    return stream;
  }

  mute(on: boolean): void {
    this._isMuted = on;
    this._gate();
  }

  hold(on: boolean): void {
    this.held.set(on);
    if (on) this._gate();
    else setTimeout(() => this._gate(), TALK_TAIL_MS);
  }

  release(): void {
    stop(this.mine.get());
    this.mine.set(null);
    this.theirs.set(null);
    this.held.set(false);
  }

  private _take(stream: MediaStream): void {
    this.mine.set(stream);
    const track = stream.getAudioTracks()[0];
    if (track) track.onended = this.onUnplugged;
    this._gate();
  }

  /** The microphone is open when nobody muted it and, with hold-to-talk, while the button is held. */
  private _gate(): void {
    const isOpen = this.isByHold() ? this.held.get() : !this._isMuted;
    for (const track of this.mine.get()?.getAudioTracks() ?? []) track.enabled = isOpen;
  }
}
