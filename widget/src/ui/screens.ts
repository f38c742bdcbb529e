/** What stands in the middle while there is nothing to read yet, and what closes a conversation. */

import { codeOf, faultOf } from "../core/errors";
import { signal } from "../core/signals";
import type { Phase } from "../core/state";
import type { TextKey } from "../i18n/en";
import type { Arcs } from "./arcs";
import { button } from "./button";
import { bind, el } from "./el";
import { face, stateWords } from "./header";
import { icon } from "./icons";
import type { Scene } from "./scene";

const hiddenUnless =
  ({ talk }: Scene, ...phases: Phase[]) =>
  () =>
    !phases.includes(talk.state.get().phase);

/** The big arcs, the greeting and, before a conversation, the one thing to press. */
export function welcome(scene: Scene, arcs: Arcs): HTMLElement {
  const { talk, t } = scene;
  const canTalk = () => talk.config.get()?.voice !== false;
  const words = () => {
    const { phase } = talk.state.get();
    return phase === "idle" ? scene.greeting() : phase === "requesting" ? t("allow") : stateWords(scene);
  };
  return el(
    "div",
    { class: "welcome" },
    el("div", { class: "hero", "aria-hidden": "true" }, arcs.node, face(scene)),
    el("p", { class: "lead", dir: "auto" }, words),
    el(
      "div",
      { class: "actions", hidden: hiddenUnless(scene, "idle") },
      button(
        "main",
        () => t("talk"),
        () => void talk.start("voice"),
        "mic",
        { hidden: () => !canTalk() },
      ),
    ),
  );
}

/** Read, then agree: three short sentences, or the tenant's own. */
export function consent(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const point = (name: "ai" | "text" | "check", key: TextKey) =>
    el(
      "li",
      {},
      icon(name),
      el("span", {}, () => t(key, { name: scene.name() })),
    );
  const own = () => scene.consentText ?? talk.config.get()?.consent.text ?? "";
  const voice = () => talk.config.get()?.voice !== false;
  return el(
    "section",
    { class: "consent", hidden: hiddenUnless(scene, "consent") },
    el(
      "div",
      { class: "read", tabindex: "0", role: "group", "aria-labelledby": "terms" },
      el("h3", { id: "terms" }, () => t("consent")),
      el("p", { dir: "auto", class: "own", hidden: () => !own() }, own),
      el(
        "ul",
        { hidden: () => !!own() },
        point("ai", "consent1"),
        point("text", "consent2"),
        point("check", "consent3"),
      ),
      el("p", { class: "small" }, () => t("version", { v: talk.config.get()?.consent.version ?? "" })),
    ),
    el(
      "div",
      { class: "actions" },
      button(
        "main",
        () => t("agree"),
        () => talk.agree("voice"),
        "mic",
        { hidden: () => !voice() },
      ),
      button(
        "quiet",
        () => t("agreeWrite"),
        () => talk.agree("text"),
        "write",
      ),
      button(
        "bare",
        () => t("decline"),
        () => talk.decline(),
      ),
    ),
  );
}

const ENDINGS: Record<string, TextKey> = { silence: "endedSilence", limit: "endedLimit", server: "endedServer" };

/** The conversation is over: why, how it was, and again. */
export function ended(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const why = (): TextKey | undefined => ENDINGS[talk.state.get().reason];
  return el(
    "section",
    { class: "card", hidden: hiddenUnless(scene, "ended") },
    el("h3", {}, () => t("endedTitle")),
    el("p", { hidden: () => !why() }, () => t(why() ?? "endedTitle")),
    rating(scene),
    button(
      "main",
      () => t("again"),
      () => talk.again(),
      "mic",
    ),
  );
}

function rating({ talk, t }: Scene): HTMLElement {
  const given = signal(0);
  bind(() => {
    if (talk.state.get().phase !== "ended") given.set(0);
  });
  const rate = (score: number) => {
    given.set(score);
    talk.rate(score).catch((thrown) => talk.note.set(codeOf(thrown)));
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
      icon("star"),
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
export function failed(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const fault = () => faultOf(talk.state.get().error);
  const unless = (out: string) => () => fault().out !== out;
  return el(
    "section",
    { class: "card", role: "alert", hidden: hiddenUnless(scene, "error") },
    el("p", {}, () => t(fault().text)),
    button(
      "main",
      () => t("retry"),
      () => talk.again(),
      undefined,
      { hidden: unless("retry") },
    ),
    button(
      "main",
      () => t("writeInstead"),
      () => void talk.start("text"),
      "write",
      { hidden: unless("text") },
    ),
    code(scene, () => talk.state.get().error),
  );
}

/** A code, small, that a press copies. */
export function code({ t }: Scene, of: () => string): HTMLElement {
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
