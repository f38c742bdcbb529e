/** What most first calls never show: notes, closing screens, rarer tools, the socket of written conversations. */

import { offerLate } from "../core/panel_contract";
import { isLive, isOngoing } from "../core/state";
import { enLate } from "../i18n/en";
import { ended, failed } from "../late/cards";
import { holdToTalk } from "../late/hold";
import { microphoneMenu } from "../late/menu";
import { notes } from "../late/notes";
import { css } from "../late/style";
import { openSocket } from "../rtc/socket";

offerLate({
  openSocket,
  texts: enLate,
  css,
  mount(kit, scene, dialog, opener) {
    const { talk, t } = scene;
    const state = () => talk.state.get();
    const inVoice = () => isOngoing(state()) && state().mode === "voice";
    const canTalk = () => isLive(state()) && state().mode === "text" && talk.config.get()?.voice;
    const find = (place: string) => dialog.querySelector(place) as HTMLElement;
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
