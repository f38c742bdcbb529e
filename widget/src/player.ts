/** The player's entry, the page /player: link or kept session, then the call as far as it is there. */

import { codeOf } from "./core/errors";
import { PlayerApi } from "./player/api";
import { isUnfinished, type Replay } from "./player/model";
import { Player } from "./player/view";
import { type Key, words } from "./player/words";
import { node } from "./ui/node";

const POLL_MS = 1_500;
const POLL_SLOWER_MS = 250;
const POLL_MAX_MS = 10_000;
/** An answer that takes longer finds a place held for the sound; before a quicker one there is nothing to be seen. */
const QUICK_MS = 100;
/** Refusals that end it, each with what happened and what to do. Anything else may pass. */
const FACES: Record<string, [Key, Key]> = {
  link_used: ["used", "usedHint"],
  link_expired: ["expired", "again"],
  session_expired: ["stale", "again"],
  link_invalid: ["invalid", "again"],
  session_invalid: ["invalid", "again"],
  recording_erased: ["erased", "erasedHint"],
};

const asked = new URLSearchParams(location.search);
const link = asked.get("t") ?? "";
const form = asked.get("link")?.match(/^https?:\/\/.*/)?.[0] ?? "";
const startAt = Number(new URLSearchParams(location.hash.slice(1)).get("t")) || 0;
// Asked before anything else is done: the page is made while the server looks the call up.
const api = new PlayerApi();
const opening = api.open(link, form);
history.replaceState(null, "", location.pathname + location.hash);
const { t, language } = words();
Object.assign(document.documentElement, { lang: language, dir: /^ar/.test(language) ? "rtl" : "ltr" });

const passing = (ms: number) => new Promise((done) => setTimeout(done, ms));
const show = (view: HTMLElement) => document.body.replaceChildren(view);

function fail(code: string): void {
  const [title, hint] = FACES[code] ?? (["lost", "retry"] satisfies [Key, Key]);
  document.title = t("title");
  const way = FACES[code]
    ? node("p", {}, t(hint))
    : node("button", { onclick: () => void start(api.open(link, form)) }, t("retry"));
  show(
    node(
      "main",
      { class: "failure", "data-code": code },
      node("h1", {}, t(title)),
      way,
      node("p", { class: "code", dir: "ltr" }, code),
    ),
  );
}

async function start(answer: Promise<Replay>): Promise<void> {
  const player = new Player(t, api, startAt, fail);
  show(player.view);
  player.view.getBoundingClientRect(); // laid out while the answer is on its way, and not with it
  setTimeout(() => player.view.classList.add("slow"), QUICK_MS);
  try {
    const first = await answer;
    player.take(first);
    await fillIn(player, api, first);
  } catch (thrown) {
    fail(codeOf(thrown));
  }
}

/** Until all of it is made. A server that is away for a while ends nothing. */
async function fillIn(player: Player, api: PlayerApi, first: Replay): Promise<void> {
  for (let tries = 0, now = first; isUnfinished(now); tries += 1) {
    await passing(Math.min(POLL_MS + tries * POLL_SLOWER_MS, POLL_MAX_MS));
    try {
      now = await api.replay();
      player.take(now);
    } catch (thrown) {
      if (FACES[codeOf(thrown)]) throw thrown;
    }
  }
}

void start(opening);
