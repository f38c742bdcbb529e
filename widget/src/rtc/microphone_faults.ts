/** Why the microphone did not open, as stable codes; and whether it would open without asking. */

import { Problem } from "../core/errors";
import { askMicrophone, isMissing } from "./microphone";

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

/** As `askMicrophone`; throws `Problem`. */
export async function openMicrophone(deviceId?: string): Promise<MediaStream> {
  const code = obstacle();
  if (code) throw new Problem(code);
  try {
    return await askMicrophone(deviceId);
  } catch (thrown) {
    throw new Problem(microphoneFault(thrown as DOMException, document), (thrown as Error).message);
  }
}

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
