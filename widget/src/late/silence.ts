/** Notices a microphone that gives nothing: six seconds of silence while we listen, and never a sound before. */

export const SILENT_MS = 6_000;
/** Of the meter's range: about -56 dBFS, below the noise of any open microphone in a room. */
const HEARD = 0.1;

export class Silence {
  private _heard = false;
  private _spent = 0;
  private _last = 0;

  /** Feed the level now and then; true when the visitor should be told. A null level says nothing. */
  observe(level: number | null, isListening: boolean, nowMs: number): boolean {
    const passed = this._last ? nowMs - this._last : 0;
    this._last = nowMs;
    if (level !== null && level > HEARD) this._heard = true;
    if (this._heard) this._spent = 0;
    else if (isListening && level !== null) this._spent += passed;
    return this._spent >= SILENT_MS;
  }
}
