/** The panel: a labelled dialog from header to controls. */

import { isOngoing, shown } from "../core/state";
import { captions } from "./captions";
import { composer } from "./composer";
import { controls } from "./controls";
import { bind, el } from "./el";
import { focusFirst, keepFocus, trap } from "./focus";
import { header } from "./header";
import type { Scene } from "./scene";
import { consent, fallback, welcome } from "./screens";
import { speaker } from "./speaker";
import { theme } from "./theme";

const RIGHT_TO_LEFT = /^ar/;

export function panelView(scene: Scene, isCut: () => boolean): HTMLElement {
  const { talk, t, isOpen } = scene;
  const { language } = scene.options();
  const audio = el("audio", { playsinline: true, autoplay: true });
  const play = speaker(talk.sound.theirs, audio, scene.needsTap);
  const state = () => talk.state.get();
  const dialog = el(
    "div",
    {
      role: "dialog",
      "aria-modal": "true",
      tabindex: "-1",
      lang: language,
      dir: RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr",
      "aria-label": () => t("dialog", { name: scene.name() }),
      hidden: () => !isOpen.get(),
      "data-state": () => shown(state()),
      "data-talk": () => talk.transcript.messages.get().some(({ via }) => scene.options().captions || via === "text"),
      onclick: () => scene.needsTap.get() && play(),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === "Escape") scene.close();
        trap(dialog, event);
        event.stopPropagation();
      },
    },
    header(scene),
    // A region that is announced must be there, empty, before its words are.
    el("div", { class: "notes" }, el("p", { role: "status" })),
    el("div", { class: "middle" }, welcome(scene), consent(scene), captions(scene)),
    fallback(scene, isCut),
    composer(scene),
    controls(scene),
    audio,
  );
  dialog.classList.add("panel");
  theme(dialog, scene.options);
  let wasTalking = false;
  bind(() => {
    const isTalking = isOngoing(state()) && state().mode === "voice";
    if (isOpen.get()) (isTalking && !wasTalking ? focusFirst : keepFocus)(dialog);
    wasTalking = isTalking;
  });
  return dialog;
}
