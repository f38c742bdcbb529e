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

/** How to find a way to the server. Without servers, they come with the answer: credentials for this session alone. */
export interface Ice {
  ice_servers: RTCIceServer[] | null;
  ice_transport_policy?: RTCIceTransportPolicy;
}

/** What answers an offer. */
export interface Answer {
  answer: string | null;
  ice_servers?: RTCIceServer[];
}

export class Peer implements Link {
  private readonly _pc: RTCPeerConnection;
  private readonly _control: RTCDataChannel;
  protected readonly _sender: RTCRtpSender;
  private readonly _how: RTCConfiguration;
  /** Applying it begins to look for ways, which needs the servers. */
  private _offer: RTCSessionDescriptionInit = { type: "offer" };

  constructor(
    { ice_servers, ice_transport_policy = "all" }: Ice,
    stream: MediaStream | null,
    private readonly _events: PeerEvents,
  ) {
    this._how = { iceTransportPolicy: ice_transport_policy, bundlePolicy: "max-bundle" };
    if (ice_servers) this._how.iceServers = ice_servers;
    this._pc = new RTCPeerConnection(this._how);
    this._sender = this._pc.addTransceiver(stream?.getAudioTracks()[0] ?? "audio", {
      direction: stream ? "sendrecv" : "recvonly",
    }).sender;
    this._control = this._pc.createDataChannel("control");
    this._control.onopen = () => _events.open();
    this._control.onmessage = ({ data }) => _events.message(data);
    this._control.onclose = () => this._lose();
    this._pc.ontrack = ({ track }) => _events.sound(new MediaStream([track]));
    this._pc.onconnectionstatechange = () => this._changed();
    let hasWay = false;
    this._pc.onicecandidate = ({ candidate }) => {
      hasWay ||= !!candidate?.candidate;
      // A relay that refuses us: no use to wait until the connection times out.
      if (!candidate && !hasWay) this._lose();
    };
  }

  /** The offer, sent without waiting for candidates: the server learns our address from our first packet.
   * How the microphone is encoded (mono, with loss protection) is what its answer asks for. */
  async offer(): Promise<string> {
    this._offer = await this._pc.createOffer();
    if (this._how.iceServers) await this._pc.setLocalDescription(this._offer);
    return this._offer.sdp ?? "";
  }

  async answer({ answer: sdp, ice_servers }: Answer): Promise<void> {
    if (!sdp) throw new Problem("unexpected_answer");
    if (!this._how.iceServers) {
      this._pc.setConfiguration({ ...this._how, iceServers: ice_servers ?? [] });
      await this._pc.setLocalDescription(this._offer);
    }
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
    this._pc.ontrack = this._pc.onconnectionstatechange = this._pc.onicecandidate = null;
    this._pc.close();
  }

  private _changed(): void {
    const state = this._pc.connectionState;
    if (state === "failed") this._lose();
    else this._events.shaky(state === "disconnected");
  }

  private _lose(): void {
    this.close();
    this._events.lost();
  }
}
