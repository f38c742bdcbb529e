/** What a conversation is told by the host page, and what it needs of the outside world. */

import type { Ways } from "../late/kit";
import type { Answer, Ice, Link, PeerEvents } from "../rtc/peer";
import type { Api } from "./api";
import type { Stored } from "./options";
import type { Options } from "./options.gen";
import type { Resume } from "./resume";

/** What the host page and the tenant decide about a conversation, as far as it is known by now. */
export interface Settings {
  readonly options: Pick<
    Options,
    | "apiKey"
    | "agentId"
    | "tenant_id"
    | "language"
    | "greeting"
    | "consent"
    | "textOnly"
    | "pushToTalk"
    | "startMuted"
    | "metadata"
  >;
  learn(stored: Stored): void;
}

/** A voice link can change its microphone; the rest is like any link. */
export interface VoiceLink extends Link {
  offer(): Promise<string>;
  answer(given: Answer): Promise<void>;
  replace(stream: MediaStream): Promise<void>;
}

/** The outside world, so that tests can bring their own. */
export interface World {
  api: Api;
  resume: Resume;
  /** Throws `Problem`. */
  microphone(deviceId?: string): Promise<MediaStream>;
  peer(ice: Ice, stream: MediaStream, events: PeerEvents): VoiceLink;
  /** What a first call does not need; rejects when it cannot be had. */
  late(): Promise<Ways>;
  emit(event: string, detail: object): void;
  /** Tell the site owner. */
  report(code: string, detail: string): void;
  page(): { path: string; title: string };
}
