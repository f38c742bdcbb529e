/** The visitor's microphone: opened inside a click, named failures, and the list to choose from. */

import { Problem } from "../core/errors";

const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

interface Policy {
  allowsFeature(name: string): boolean;
}

type PolicyDocument = Document & { featurePolicy?: Policy; permissionsPolicy?: Policy };

/** Why no call can be made here at all, before anybody is asked; null when one can try. */
export function obstacle(): string | null {
  if (!isSecureContext) return "insecure_context";
  if (typeof RTCPeerConnection !== "function") return "webrtc_unsupported";
  return navigator.mediaDevices ? null : "webrtc_unsupported";
}

/** Ask for the microphone (`deviceId` if it is still there, otherwise the standard one). Throws `Problem`. */
export async function openMicrophone(deviceId?: string): Promise<MediaStream> {
  const code = obstacle();
  if (code) throw new Problem(code);
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  if (session) session.type = "play-and-record";
  try {
    return await (deviceId ? chosen(deviceId) : sound(SOUND));
  } catch (thrown) {
    throw new Problem(microphoneFault(thrown as DOMException, document), (thrown as Error).message);
  }
}

const sound = (audio: MediaTrackConstraints) => navigator.mediaDevices.getUserMedia({ audio });

/** `ideal` would not do: Chromium then gives the standard one all the same. */
async function chosen(deviceId: string): Promise<MediaStream> {
  try {
    return await sound({ ...SOUND, deviceId: { exact: deviceId } });
  } catch (thrown) {
    if (isMissing(thrown as DOMException)) return sound(SOUND);
    throw thrown;
  }
}

const isMissing = ({ name }: { name: string }) => name === "NotFoundError" || name === "OverconstrainedError";

/** The stable code for what getUserMedia threw. */
export function microphoneFault(thrown: { name: string; message: string }, page: PolicyDocument): string {
  const { name, message } = thrown;
  if (name === "NotAllowedError" || name === "SecurityError") {
    const policy = page.permissionsPolicy ?? page.featurePolicy;
    if (policy?.allowsFeature("microphone") === false) return "microphone_policy";
    return /dismiss/i.test(message) ? "microphone_dismissed" : "microphone_denied";
  }
  return isMissing(thrown) ? "microphone_missing" : "microphone_busy";
}

/** Whether the microphone would open without asking; browsers that cannot tell count as no. */
export async function isAllowedAlready(): Promise<boolean> {
  const answer = await navigator.permissions?.query({ name: "microphone" as PermissionName }).catch(() => null);
  return answer?.state === "granted";
}

export function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
