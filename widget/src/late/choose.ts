/** Another microphone in the middle of a call, and the standard one when the chosen one was pulled out. */

import type { Conversation } from "../core/conversation";
import type { VoiceLink } from "../core/world";
import { stop } from "../rtc/microphone";

export async function choose(talk: Conversation, deviceId?: string): Promise<void> {
  const { sound } = talk;
  sound.device = deviceId;
  try {
    if (!sound.mine.get()) return;
    const stream = await sound.openMicrophone(deviceId);
    stop(sound.mine.get());
    sound.take(stream);
    await (talk.link as VoiceLink | null)?.replace?.(stream);
  } catch (thrown) {
    talk.say(thrown);
  }
}
