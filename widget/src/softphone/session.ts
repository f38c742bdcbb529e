/** Which call this tab is in: a fresh link is exchanged once, a reload goes on with what the tab kept. */

import type { SoftphoneApi } from "./api";
import type { Opened } from "./protocol";

const KEY = "parloir.softphone";
const TAIL = 24;

interface Kept {
  token: string;
  language: string | null;
  /** The end of the link this came from: a frame that is loaded anew brings its used link again. */
  link: string;
  /** The origin of the page it was opened in: no other page of this tab gets the call. */
  parent: string;
}

export type Session = Omit<Opened, "session">;

/** Take the link out of the address bar before anything can read or keep it. */
export function takeLink(): string {
  const link = new URLSearchParams(location.search).get("t") ?? "";
  history.replaceState(null, "", location.pathname);
  return link;
}

/** `parent`: the origin of the page around this one, or "". Throws `Problem`. */
export async function openSession(api: SoftphoneApi, link: string, parent: string): Promise<Session> {
  const kept = read();
  const tail = link.slice(-TAIL);
  if (kept && kept.parent === parent && (!link || kept.link === tail)) {
    api.token = kept.token;
    return { language: kept.language, ...(await api.seen()) };
  }
  const opened = await api.exchange(link);
  api.token = opened.session.token;
  keep({ token: api.token, language: opened.language, link: tail, parent });
  return opened;
}

/** A page without storage talks all the same; a reload is then the end. */
function keep(kept: Kept): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {}
}

function read(): Kept | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}
