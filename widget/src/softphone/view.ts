/** The whole softphone for one call: head, transcript or wrap-up, notes, controls, and its keys. */

import { signal } from "../core/signals";
import { atEnd, bind, el, listen } from "../ui/el";
import { speaker } from "../ui/speaker";
import type { SoftphoneApi } from "./api";
import { controls, toggleHold, toggleMute } from "./controls";
import { close, drawer, press } from "./drawer";
import { header } from "./header";
import { notes } from "./notes";
import { type Scene, shownState } from "./scene";
import { transcript } from "./transcript";
import { afterwards } from "./wrap_up";

const TICK_MS = 250;

/** A listener hears nothing before a tap: browsers differ in what they let sound by itself, and nobody is startled. */
function heardAfterTap({ line, audio, needsTap }: Scene): () => void {
  const tapped = signal(!!audio.srcObject && !audio.paused);
  const heard = signal<MediaStream | null>(null);
  const play = speaker(heard, audio, needsTap);
  bind(() => {
    const theirs = line.theirs.get();
    if (tapped.get()) heard.set(theirs);
    else needsTap.set(!!theirs);
  });
  return () => {
    tapped.set(true);
    play();
  };
}

export function phoneView(scene: Scene, api: SoftphoneApi): HTMLElement {
  const { line, t, seconds } = scene;
  scene.play = line.role === "listen" ? heardAfterTap(scene) : speaker(line.theirs, scene.audio, scene.needsTap);
  const middle = el("div", { class: "middle" }, transcript(scene));
  const foot = el("div", {}, notes(scene), el("div", { class: "dock" }, drawer(scene), controls(scene)));
  const phone = el(
    "main",
    { class: "phone", "data-role": line.role, "data-state": () => shownState(scene), "aria-label": () => t("title") },
    header(scene),
    middle,
    foot,
    scene.audio,
  );
  let isOver = false;
  bind(() => {
    const ended = line.call.get().state === "ended";
    if (!ended || isOver) return;
    isOver = true;
    scene.drawer.set("");
    scene.needsTap.set(false);
    foot.remove();
    middle.replaceWith(afterwards(scene, api));
  });
  const tick = () => {
    const { answered_at, duration_s, state } = line.call.get();
    const since = answered_at && state !== "ended" ? (performance.now() - line.toldAt) / 1000 : 0;
    seconds.set(Math.floor(duration_s + since));
  };
  bind(tick);
  const ticking = setInterval(tick, TICK_MS);
  atEnd(() => clearInterval(ticking));
  listen(document, "keydown", (event: KeyboardEvent) => keys(scene, event));
  return phone;
}

function keys(scene: Scene, event: KeyboardEvent): void {
  const { line, drawer: open } = scene;
  if (event.key === "Escape" && open.get()) {
    close(scene);
    return;
  }
  const isWriting = (event.target as Element).matches("input,textarea,select");
  if (isWriting || event.ctrlKey || event.metaKey || event.altKey || event.repeat || line.state.get() !== "on") return;
  const isTalking = line.call.get().state === "in_progress";
  if (open.get() === "keypad" && /^[0-9*#]$/.test(event.key)) press(scene, event.key);
  else if (event.key.toLowerCase() === "m" && line.role !== "listen") toggleMute(scene);
  else if (event.key.toLowerCase() === "h" && line.role === "agent" && isTalking) toggleHold(scene);
}
