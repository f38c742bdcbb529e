/** What most first calls never need: notes, closing screens, rarer tools, the way back after a loss, writing. */

import { type Chunk, offerLate } from "../core/panel_contract";
import { isLive, isOngoing } from "../core/state";
import { enLate } from "../i18n/en";
import { ended, failed } from "../late/cards";
import { clock } from "../late/clock";
import { holdToTalk } from "../late/hold";
import type { Load } from "../late/kit";
import { microphoneMenu } from "../late/menu";
import { meter } from "../late/meter";
import { notes } from "../late/notes";
import { persist } from "../late/persist";
import { css } from "../late/style";
import { tap } from "../late/tap";
import { keepAwake } from "../late/wake_lock";
import { openWritten } from "../rtc/written";
import { OFF } from "../ui/icons";

/** The late words of each language but English, and the hints, put in by the build. */
declare const PACKS: Record<string, Chunk>;

/** English is here already. */
const loadTexts = async (load: Load, name: string): Promise<Record<string, string>> =>
  PACKS[name] ? ((await load(PACKS[name])) as Record<string, string>) : enLate;

offerLate({
  openWritten,
  persist,
  texts: enLate,
  words: (load, language) => loadTexts(load, `${language}late`),
  hints: (load) => loadTexts(load, "hints"),
  css,
  mount(kit, scene, dialog, opener) {
    const { talk, t } = scene;
    const state = () => talk.state.get();
    const inVoice = () => isOngoing(state()) && state().mode === "voice";
    const canTalk = () => isLive(state()) && state().mode === "text" && talk.config.get()?.voice;
    const find = (place: string) => dialog.querySelector(place) as HTMLElement;
    meter(kit, scene);
    keepAwake(kit, scene);
    find(".mute").prepend(kit.icon("off", OFF));
    find(".who p").append(clock(kit, scene));
    find(".notes").before(tap(kit, scene));
    notes(kit, scene, find(".notes"));
    find(".middle").after(ended(kit, scene), failed(kit, scene));
    find("footer").prepend(
      kit.el("div", { class: "hold", hidden: () => !inVoice() || !talk.sound.isByHold() }, holdToTalk(kit, scene)),
    );
    find(".microphones").after(
      kit.button(
        "tool",
        () => t("talkHere"),
        () => void talk.start("voice"),
        "mic",
        { hidden: () => !canTalk() },
      ),
    );
    return { toggleMenu: microphoneMenu(kit, scene, opener) };
  },
});
