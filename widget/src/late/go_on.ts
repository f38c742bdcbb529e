/** Goes on with a session there is already: the one kept before a navigation, or one that is written in. */

import type { Conversation } from "../core/conversation";
import { isSessionGone } from "../core/errors";
import type { ConversationBody, Opened } from "../core/protocol";
import { isAllowedAlready } from "../rtc/microphone_faults";

/** Just asked: the connection that follows need not ask again. */
const fresh = new WeakSet<Conversation>();

/** A session that ended meanwhile leaves things as on a first visit. `codeOf` is the panel's. Throws `Problem`. */
export async function goOn(talk: Conversation, codeOf: (thrown: unknown) => string): Promise<void> {
  try {
    const { mode } = await ask(talk, false);
    fresh.add(talk);
    const talks = mode === "voice" && talk.canTalk() && (await isAllowedAlready());
    await talk.begin(talks ? "voice" : "text");
  } catch (thrown) {
    if (!isSessionGone(codeOf(thrown))) throw thrown;
    talk.startOver();
    await talk.visit.load();
  }
}

/** A socket that will not open is taken for a blocked one: whether the server is there at all. Throws `Problem`. */
export async function beSure(talk: Conversation): Promise<void> {
  if (!fresh.delete(talk)) await ask(talk, true);
}

/** What the server knows of this session, and a new token for it. */
async function ask({ api, visit }: Conversation, isNews: boolean): Promise<ConversationBody> {
  const { session, conversation, config } = await api.ask<Opened>("sessions/current");
  visit.know(config);
  visit.agree();
  visit.keep(session);
  visit.takeIn(conversation, isNews);
  return conversation;
}
