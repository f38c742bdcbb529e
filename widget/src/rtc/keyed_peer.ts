/** A peer connection that can also send a telephone's keys. */

import { Peer } from "./peer";

const KEY_MS = 100;
const KEY_GAP_MS = 70;

export class KeyedPeer extends Peer {
  /** Send a key in the sound, as an RTP event; false when the other side, or this browser, knows no such thing. */
  press(digit: string): boolean {
    const keys = this._sender.dtmf;
    if (!keys?.canInsertDTMF) return false;
    keys.insertDTMF(keys.toneBuffer + digit, KEY_MS, KEY_GAP_MS);
    return true;
  }
}
