/** Name and plain state; the arcs move in here once somebody has spoken. */

import { shown } from "../core/state";
import type { TextKey } from "../i18n/en";
import type { Arcs } from "./arcs";
import { iconButton } from "./button";
import { bind, el } from "./el";
import type { Scene } from "./scene";

/** What the header says about the state: in writing, "listening" would promise too much. */
export function stateWords({ talk, t }: Scene): string {
  const state = talk.state.get();
  const word = shown(state);
  return t(state.mode === "text" && (word === "listening" || word === "speaking") ? "writing" : (word as TextKey));
}

export function face(scene: Scene): HTMLElement {
  const node = el(
    "div",
    { class: "face" },
    () => [...(scene.talk.config.get()?.agent.name ?? "")][0]?.toUpperCase() ?? "",
  );
  bind(() => {
    const url = scene.options().avatar || scene.talk.config.get()?.agent.avatar_url;
    node.querySelector("img")?.remove();
    if (!url) return;
    const image = el("img", { src: url, alt: "" });
    image.onerror = () => image.remove();
    node.append(image);
  });
  return node;
}

export function header(scene: Scene, arcs: Arcs): HTMLElement {
  const { t } = scene;
  return el(
    "header",
    {},
    el("div", { class: "mark", "aria-hidden": "true" }, arcs.node, face(scene)),
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
    iconButton("plain", () => t("close"), scene.close, "close", { id: "close" }),
  );
}
