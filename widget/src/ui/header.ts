/** Name and plain state; the late chunk lets the arcs move in here once somebody has spoken. */

import { shown } from "../core/state";
import type { TextKey } from "../i18n/en";
import { iconButton } from "./button";
import { el } from "./el";
import type { Scene } from "./scene";

/** What the header says about the state: in writing, "listening" would promise too much. */
export function stateWords({ talk, t }: Scene): string {
  const state = talk.state.get();
  const word = shown(state);
  return t(state.mode === "text" && (word === "listening" || word === "speaking") ? "writing" : (word as TextKey));
}

/** The agent's picture; without one, the first letter of its name. */
export function face({ talk, options }: Scene): HTMLElement {
  const agent = () => talk.config.get()?.agent;
  const letter = () => [...(agent()?.name ?? "")][0]?.toUpperCase() ?? "";
  const url = () => options().avatar || agent()?.avatar_url;
  return el(
    "div",
    { class: "face", hidden: () => !letter() && !url() },
    letter,
    el("img", {
      src: url,
      alt: "",
      hidden: () => !url(),
      onerror: ({ target }: Event) => (target as Element).remove(),
    }),
  );
}

export function header(scene: Scene): HTMLElement {
  const { t } = scene;
  return el(
    "header",
    {},
    el(
      "div",
      { class: "who" },
      el("h2", {}, scene.name),
      el(
        "p",
        {},
        el("i", { class: "dot" }),
        el("span", { role: "status" }, () => stateWords(scene)),
      ),
    ),
    iconButton("plain", () => t("close"), scene.close, "close"),
  );
}
