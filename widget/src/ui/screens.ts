/** What stands in the middle while there is nothing to read yet. */

import type { Phase } from "../core/state";
import type { TextKey } from "../i18n/en";
import { button } from "./button";
import { el } from "./el";
import { face, stateWords } from "./header";
import { icon } from "./icons";
import type { Scene } from "./scene";

const hiddenUnless =
  ({ talk }: Scene, ...phases: Phase[]) =>
  () =>
    !phases.includes(talk.state.get().phase);

/** The big arcs, the greeting and, before a conversation, the one thing to press. */
export function welcome(scene: Scene): HTMLElement {
  const { talk, t } = scene;
  const words = () => {
    const { phase } = talk.state.get();
    return phase === "idle" ? scene.greeting() : phase === "requesting" ? t("allow") : stateWords(scene);
  };
  return el(
    "div",
    { class: "welcome" },
    el("div", { class: "hero", "aria-hidden": "true" }, scene.drawings[0] as Node, face(scene)),
    el("p", { class: "lead", dir: "auto" }, words),
    el(
      "div",
      { class: "actions", hidden: hiddenUnless(scene, "idle") },
      button(
        "main",
        () => t("talk"),
        () => void talk.start("voice"),
        "mic",
        { hidden: () => !talk.canTalk() },
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
  /** A text without a version of its own would be agreed to in the name of another. */
  const own = () => {
    const { text, version } = scene.options().consent;
    return (version && text) || talk.config.get()?.consent.text || "";
  };
  return el(
    "section",
    { class: "consent", hidden: hiddenUnless(scene, "consent") },
    el(
      "div",
      { class: "read", tabindex: "0", role: "group", "aria-label": () => t("consent") },
      el("h3", {}, () => t("consent")),
      el("p", { dir: "auto", class: "own", hidden: () => !own() }, own),
      el(
        "ul",
        { hidden: () => !!own() },
        point("ai", "consent1"),
        point("text", "consent2"),
        point("check", "consent3"),
      ),
      el("p", { class: "fine" }, () => t("version", { v: talk.consentVersion })),
    ),
    el(
      "div",
      { class: "actions" },
      button(
        "main",
        () => t("agree"),
        () => talk.agree("voice"),
        "mic",
        { hidden: () => !talk.canTalk() },
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

/** What is said where the late chunk should be and cannot be had: the plain state, the code, and a way on. */
export function fallback(scene: Scene, isCut: () => boolean): HTMLElement {
  const { talk, t } = scene;
  const code = () => talk.note.get() || talk.state.get().error;
  const isOver = () => !hiddenUnless(scene, "ended", "error")();
  return el(
    "section",
    { class: "card", role: "alert", hidden: () => !isCut() || !(code() || isOver()) },
    el("p", {}, () => `${stateWords(scene)} ${code()}`),
    button(
      "main",
      () => t("retry"),
      () => talk.again(),
      undefined,
      { hidden: () => !isOver() },
    ),
  );
}
