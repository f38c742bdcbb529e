/** What went wrong, as stable codes. Their words and ways out come with the late chunk: late/faults.ts. */

/** Something went wrong that has a stable code. */
export class Problem extends Error {
  constructor(
    readonly code: string,
    message = code,
  ) {
    super(message);
  }
}

/** Voice cannot be here and now, writing can. */
export const writesInstead = (code: string): boolean =>
  /^(microphone_|insecure_|webrtc_|voice_|invalid_sdp$|connection_failed$)/.test(code);

export const isSessionGone = (code: string): boolean => /^session_/.test(code);

/** The code of anything that was thrown. */
export const codeOf = (thrown: unknown): string => (thrown instanceof Problem ? thrown.code : "internal_error");
