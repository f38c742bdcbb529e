/** What most first calls never need: notes, closing screens, rarer tools, the way back after a loss, writing. */

import { type Chunk, offerLate } from "../core/panel_contract";
import { isLive, isOngoing } from "../core/state";
import { enLate } from "../i18n/en";
import { ended, failed } from "../late/cards";
import { clock } from "../late/clock";
import { beSure, goOn } from "../late/go_on";
import { help } from "../late/help";
import { holdToTalk } from "../late/hold";
import type { Load } from "../late/kit";
import { microphoneMenu } from "../late/menu";
import { meter } from "../late/meter";
import { network } from "../late/network";
import { notes } from "../late/notes";
import { persist } from "../late/persist";
import { css } from "../late/style";
import { tap } from "../late/tap";
import { keepAwake } from "../late/wake_lock";
import { microphoneFault, obstacle } from "../rtc/microphone_faults";
import { openWritten } from "../rtc/written";
import { OFF } from "../ui/icons";
import { watchReader } from "../ui/reader";

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
  hint: (load, code) =>
    loadTexts(load, "hints").then(
      (hints) => console.warn(`[parloir] ${code}: ${hints[code]}`),
      () => {},
    ),
  microphoneFault: (thrown) => obstacle() ?? microphoneFault(thrown, document),
  goOn,
  beSure,
  help,
  css,
  mount(kit, scene, dialog) {
    const { talk, t } = scene;
    const state = () => talk.state.get();
    const inVoice = () => isOngoing(state()) && state().mode === "voice";
    const canTalk = () => isLive(state()) && state().mode === "text" && talk.canTalk();
    const find = (place: string) => dialog.querySelector(place) as HTMLElement;
    const small = kit.arcs();
    scene.drawings.push(small);
    find("header").prepend(kit.el("div", { class: "mark", "aria-hidden": "true" }, small, kit.face(scene)));
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
    find(".mute").after(
      microphoneMenu(kit, scene),
      kit.button(
        "tool",
        () => t("talkHere"),
        () => void talk.start("voice"),
        "mic",
        { hidden: () => !canTalk() },
      ),
    );
    network(kit, scene);
    kit.atEnd(watchReader(find(".log")));
  },
});
