/** What a conversation is told by the host page, and what it needs of the outside world. */

import type { Link, LinkEvents, PeerEvents } from "../rtc/peer";
import type { Api } from "./api";
import type { Resume } from "./resume";

/** What the host page decides about a conversation. */
export interface Settings {
  /** Names the agent: `key` and `agent`, or `tenant`. */
  query: Record<string, string>;
  language: string;
  greeting: string | null;
  consentVersion: string | null;
  textOnly: boolean;
  pushToTalk: boolean;
  startMuted: boolean;
  metadata: Record<string, string>;
}

/** A voice link can change its microphone; the rest is like any link. */
export interface VoiceLink extends Link {
  offer(): Promise<string>;
  answer(sdp: string | null): Promise<void>;
  replace(stream: MediaStream): Promise<void>;
}

/** The outside world, so that tests can bring their own. */
export interface World {
  api: Api;
  resume: Resume;
  /** Throws `Problem`. */
  microphone(deviceId?: string): Promise<MediaStream>;
  isMicrophoneAllowed(): Promise<boolean>;
  peer(ice: RTCIceServer[], stream: MediaStream, events: PeerEvents): VoiceLink;
  text(since: () => number, events: LinkEvents): Link | Promise<Link>;
  emit(event: string, detail: object): void;
  /** Tell the site owner. */
  report(code: string, detail: string): void;
  page(): { path: string; title: string };
  now(): number;
}
