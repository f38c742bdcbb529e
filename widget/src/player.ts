/** The player's entry, the page /player: link or kept session, then the call as far as it is there. */

import { codeOf } from "./core/errors";
import { PlayerApi } from "./player/api";
import { isUnfinished } from "./player/model";
import { style } from "./player/style";
import { Player } from "./player/view";
import { type Key, words } from "./player/words";
import { el, owned } from "./ui/el";

const POLL_MS = [1500, 2000, 3000, 5000];
const FACES: Record<string, [Key, Key]> = {
  link_used: ["used", "usedHint"],
  link_expired: ["expired", "askAgain"],
  session_expired: ["expired", "askAgain"],
  link_invalid: ["invalid", "askAgain"],
  session_invalid: ["invalid", "askAgain"],
  recording_erased: ["erased", "erasedHint"],
};

const link = new URLSearchParams(location.search).get("t") ?? "";
const startAt = Number(/^#t=(\d+)$/.exec(location.hash)?.[1] ?? 0);
history.replaceState(null, "", location.pathname + location.hash);
const { t, language } = words();
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets = [sheet];
document.documentElement.lang = language;
document.documentElement.dir = language.startsWith("ar") ? "rtl" : "ltr";
document.title = t("title");

const show = (view: HTMLElement) => document.body.replaceChildren(view);

function fail(code: string): void {
  const [title, hint] = FACES[code] ?? (["lost", "retry"] satisfies [Key, Key]);
  const way = FACES[code]
    ? el("p", {}, t(hint))
    : el("button", { type: "button", onclick: () => void start() }, t("retry"));
  show(
    el(
      "main",
      { class: "failure", "data-code": code },
      el("h1", {}, t(title)),
      way,
      el("p", { class: "code", dir: "ltr" }, code),
    ),
  );
}

async function start(): Promise<void> {
  show(el("main", { "aria-busy": "true" }, el("h1", {}, t("opening")), el("div", { class: "skeleton" })));
  const api = new PlayerApi();
  try {
    await api.open(link);
    const first = await api.replay();
    const { made } = owned(() => new Player(t, api, startAt));
    show(made.view);
    await made.take(first);
    for (let tries = 0, now = first; isUnfinished(now); tries += 1) {
      await new Promise((done) => setTimeout(done, POLL_MS[Math.min(tries, POLL_MS.length - 1)]));
      now = await api.replay();
      await made.take(now);
    }
  } catch (thrown) {
    fail(codeOf(thrown));
  }
}

void start();
