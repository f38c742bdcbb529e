/** The visitor's microphone, opened inside a click. What its failures mean is in microphone_faults.ts. */

const SOUND: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export const isMissing = ({ name }: { name: string }) => name === "NotFoundError" || name === "OverconstrainedError";

/** Ask for the microphone (`deviceId` if it is still there, otherwise the standard one). Throws what the browser does. */
export async function askMicrophone(deviceId?: string): Promise<MediaStream> {
  const session = (navigator as { audioSession?: { type: string } }).audioSession;
  if (session) session.type = "play-and-record";
  // `ideal` would not do: Chromium then gives the standard one all the same.
  const audio = deviceId ? { ...SOUND, deviceId: { exact: deviceId } } : SOUND;
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (thrown) {
    if (deviceId && isMissing(thrown as Error)) return askMicrophone();
    throw thrown;
  }
}

export function stop(stream: MediaStream | null): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
