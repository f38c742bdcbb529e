/** What closes a conversation: the end with its stars, the error with its way out, and the code one can copy. */

import { isSessionGone } from "../core/errors";
import type { Phase } from "../core/state";
import type { TextKey } from "../i18n/en";
import type { Scene } from "../ui/scene";
import { faultOf } from "./faults";
import type { Kit } from "./kit";

const STAR = "M12 4l2.5 5 5.5.8-4 3.9.9 5.5-4.9-2.6-4.9 2.6.9-5.5-4-3.9 5.5-.8Z";

const unless =
  ({ talk }: Scene, phase: Phase) =>
  () =>
    talk.state.get().phase !== phase;

const ENDINGS: Record<string, TextKey> = { silence: "endedSilence", limit: "endedLimit", server: "endedServer" };

/** The conversation is over: why, how it was, and again. */
export function ended(kit: Kit, scene: Scene): HTMLElement {
  const { el, button } = kit;
  const { talk, t } = scene;
  const why = (): TextKey | undefined => ENDINGS[talk.state.get().reason];
  return el(
    "section",
    { class: "card", hidden: unless(scene, "ended") },
    el("h3", {}, () => t("endedTitle")),
    el("p", { hidden: () => !why() }, () => t(why() ?? "endedTitle")),
    rating(kit, scene),
    button(
      "main",
      () => t("again"),
      () => talk.again(),
      "mic",
    ),
  );
}

function rating({ el, bind, signal, icon, codeOf }: Kit, { talk, t }: Scene): HTMLElement {
  const given = signal(0);
  bind(() => {
    if (talk.state.get().phase !== "ended") given.set(0);
  });
  const rate = (score: number) => {
    given.set(score);
    talk.api.ask("sessions/rating", { score, comment: null }).catch((thrown) => talk.note.set(codeOf(thrown)));
  };
  const star = (score: number) =>
    el(
      "button",
      {
        type: "button",
        class: () => (given.get() >= score ? "star on" : "star"),
        "aria-pressed": () => String(given.get() === score),
        "aria-label": () => t("score", { n: String(score) }),
        onclick: () => rate(score),
      },
      icon("star", STAR),
    );
  const words = () => t(given.get() ? "thanks" : "rate");
  return el(
    "div",
    { class: "rating", role: "group", "aria-label": () => t("rate") },
    el("p", { "aria-live": "polite" }, words),
    el("div", {}, ...[1, 2, 3, 4, 5].map(star)),
  );
}

/** What happened, what to do now, and the code for whoever is asked for help. */
export function failed(kit: Kit, scene: Scene): HTMLElement {
  const { el, button } = kit;
  const { talk, t } = scene;
  const fault = () => faultOf(talk.state.get().error);
  const not = (out: string) => () => fault().out !== out;
  return el(
    "section",
    { class: "card", role: "alert", hidden: unless(scene, "error") },
    el("p", {}, () => t(fault().text)),
    button(
      "main",
      () => t(isSessionGone(talk.state.get().error) ? "again" : "retry"),
      () => talk.again(),
      undefined,
      { hidden: not("retry") },
    ),
    button(
      "main",
      () => t("writeInstead"),
      () => void talk.start("text"),
      "write",
      { hidden: not("text") },
    ),
    code(kit, scene, () => talk.state.get().error),
  );
}

/** A code, small, that a press copies. */
export function code({ el, signal }: Kit, { t }: Scene, of: () => string): HTMLElement {
  const copied = signal("");
  const copy = () =>
    void navigator.clipboard?.writeText(of()).then(
      () => copied.set(of()),
      () => {},
    );
  return el(
    "button",
    {
      type: "button",
      class: "code",
      onclick: copy,
      "aria-label": () => `${t("copy")}: ${of()}`,
      title: () => t("copy"),
    },
    () => (copied.get() === of() && of() ? t("copied") : of()),
  );
}
