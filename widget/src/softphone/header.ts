/** The softphone's head: state, timer, who is called, the recording light, and the two arcs. */

import { arcs, breathe } from "../ui/arcs";
import { bind, el } from "../ui/el";
import { endWord } from "./ending";
import { phoneIcon } from "./icons";
import type { Participant, Side } from "./protocol";
import { clock, type Scene, shownState } from "./scene";

export function header(scene: Scene): HTMLElement {
  const { line, t, seconds } = scene;
  const title = () => line.call.get().name ?? other(scene);
  return el(
    "header",
    {},
    el(
      "div",
      { class: "state" },
      el("span", { class: "dot" }),
      el(
        "div",
        { role: "status" },
        el("h1", {}, () => {
          const end = line.call.get().state === "ended" ? endWord(line.call.get(), t) : "";
          return t(shownState(scene)) + (end ? ` (${end})` : "");
        }),
      ),
      el("time", { role: "timer", hidden: () => !line.call.get().answered_at }, () => clock(seconds.get())),
      recording(scene),
    ),
    el(
      "div",
      { class: "who" },
      el(
        "div",
        { class: "name" },
        el("h2", {}, el("bdi", {}, title)),
        el(
          "p",
          { hidden: () => !line.call.get().name },
          el("bdi", { dir: "ltr" }, () => other(scene)),
        ),
      ),
      voices(scene),
    ),
    ...(line.role === "listen"
      ? [
          el(
            "p",
            { class: "hidden-note", hidden: () => line.call.get().state === "ended" },
            phoneIcon("off"),
            el("span", {}, () => `${t("listening")} · ${t("hidden")}`),
          ),
        ]
      : []),
    people(scene),
  );
}

const other = ({ line }: Scene): string => {
  const { direction, from, to } = line.call.get();
  return (direction === "inbound" ? from : to) ?? "";
};

function recording({ line, t }: Scene): HTMLElement {
  const now = () => line.call.get().recording;
  const isSeen = () => (now() === "recording" || now() === "paused") && line.call.get().state !== "ended";
  const words = () => t(now() === "paused" ? "paused" : "recording");
  const look = () => `rec ${now()}`;
  if (line.role !== "agent")
    return el("span", { class: look, hidden: () => !isSeen() }, el("i"), el("span", {}, words));
  const next = () => t(now() === "paused" ? "goOnRecording" : "pauseRecording");
  return el(
    "button",
    {
      type: "button",
      class: look,
      hidden: () => !isSeen(),
      title: next,
      "aria-label": () => `${words()}. ${next()}`,
      onclick: () => line.send({ type: "record", on: now() === "paused" }),
    },
    el("i"),
    el("span", {}, words),
  );
}

/** The customer's arc at the left, ours at the right: as in the transcript and in the recording. */
function voices({ line }: Scene): HTMLElement {
  const drawing = arcs();
  const loudest = (side: Side) =>
    line.call
      .get()
      .participants.filter((one) => one.side === side)
      .reduce((most, one) => Math.max(most, line.levels.get()[one.id] ?? 0), 0) / 100;
  bind(() => breathe(drawing, loudest("customer"), loudest("ours")));
  return el("div", { class: "mark" }, drawing);
}

function people({ line, t }: Scene): HTMLElement {
  const list = el("ul", { class: "people", "aria-label": () => t("people") });
  bind(() => {
    const there = line.call.get().participants.filter(({ state }) => state !== "left");
    list.replaceChildren(
      ...there.map((one) =>
        el(
          "li",
          { class: `${one.side} ${one.state}` },
          el("i"),
          el("bdi", {}, one.is_you ? t("you") : label(one)),
          el("span", {}, condition(one)),
        ),
      ),
    );
    list.hidden = !there.length || line.call.get().state === "ended";
  });
  return list;

  function label({ role, label }: Participant): string {
    const name = label === role ? "" : label;
    if (role === "ai") return t("ai");
    if (role === "listen" || role === "monitor") return name || t("listener");
    return name || t(role === "agent" ? "agent" : role === "talk" ? "colleague" : "customer");
  }

  function condition({ state, muted, held, role }: Participant): string {
    if (state === "away") return t("away");
    if (state === "invited") return t("joining");
    if (state === "ringing") return t("ringing");
    if (held) return t("held");
    if (role === "listen" || role === "monitor") return t("listening");
    return muted ? t("muted") : "";
  }
}
