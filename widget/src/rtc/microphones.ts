/** The microphones to choose from. */

/** The microphones this page may see; labels are there once one was opened. */
export async function microphones(): Promise<MediaDeviceInfo[]> {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  return devices.filter(({ kind, deviceId }) => kind === "audioinput" && deviceId);
}
