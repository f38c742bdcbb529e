/** One peer connection to the server: the microphone out (if any), the others' voice in, control messages both ways. */

import { Problem } from "../core/errors";
import type { ToServer } from "../core/protocol";

/** A way to the server that carries control messages. */
export interface Link {
  /** False when it cannot be sent now. */
  send(message: ToServer): boolean;
  close(): void;
}

export interface LinkEvents {
  /** The link works; say hello. */
  open(): void;
  message(raw: unknown): void;
  /** Gone for good; `close()` was already called. `code` says why, when it is known. */
  lost(code?: string): void;
}

export interface PeerEvents extends LinkEvents {
  /** True when packets stopped coming, which is often for a moment only; false when they are back. */
  shaky(isShaky: boolean): void;
  sound(stream: MediaStream): void;
}

/** Ask for mono with loss protection, whatever the browser would like best. */
export const monoOpus = (sdp: string): string => {
  const payload = /a=rtpmap:(\d+) opus\/48000/i.exec(sdp)?.[1];
  return payload
    ? sdp.replace(new RegExp(`(a=fmtp:${payload} )(.*)`), (_, head: string, rest: string) => {
        const others = rest
          .trim()
          .split(";")
          .filter((part) => !/^(stereo|sprop-stereo|useinbandfec)=/.test(part));
        return `${head}${[...others, "stereo=0", "useinbandfec=1"].join(";")}`;
      })
    : sdp;
};

export class Peer implements Link {
  private readonly _pc: RTCPeerConnection;
  private readonly _control: RTCDataChannel;
  protected readonly _sender: RTCRtpSender;

  constructor(
    iceServers: RTCIceServer[],
    stream: MediaStream | null,
    private readonly events: PeerEvents,
  ) {
    this._pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this._sender = this._pc.addTransceiver(stream?.getAudioTracks()[0] ?? "audio", {
      direction: stream ? "sendrecv" : "recvonly",
    }).sender;
    this._control = this._pc.createDataChannel("control", { ordered: true });
    this._control.onopen = () => events.open();
    this._control.onmessage = ({ data }) => events.message(data);
    this._control.onclose = () => this._lose();
    this._pc.ontrack = ({ track }) => events.sound(new MediaStream([track]));
    this._pc.onconnectionstatechange = () => this._changed();
  }

  /** The offer, sent without waiting for candidates: the server learns our address from our first packet. */
  async offer(): Promise<string> {
    const offer = await this._pc.createOffer();
    await this._pc.setLocalDescription(offer);
    return monoOpus(this._pc.localDescription?.sdp ?? offer.sdp ?? "");
  }

  async answer(sdp: string | null): Promise<void> {
    if (!sdp) throw new Problem("unexpected_answer");
    await this._pc.setRemoteDescription({ type: "answer", sdp });
  }

  /** Another microphone, without a new connection. */
  replace = (stream: MediaStream): Promise<void> => this._sender.replaceTrack(stream.getAudioTracks()[0] ?? null);

  send(message: object): boolean {
    if (this._control.readyState !== "open") return false;
    this._control.send(JSON.stringify(message));
    return true;
  }

  close(): void {
    this._control.onopen = this._control.onmessage = this._control.onclose = null;
    this._pc.ontrack = this._pc.onconnectionstatechange = null;
    this._pc.close();
  }

  private _changed(): void {
    const state = this._pc.connectionState;
    if (state === "failed" || state === "closed") this._lose();
    else this.events.shaky(state === "disconnected");
  }

  private _lose(): void {
    this.close();
    this.events.lost();
  }
}
