/** Lets the arcs breathe with both voices, tells the page the levels, and notices a microphone that gives nothing. */

import type { Signal } from "../core/signals";
import { isLive, shown } from "../core/state";
import { breathe } from "../ui/arcs";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";
import { Levels, type Side } from "./levels";
import { Silence } from "./silence";

const TELL_EVERY_MS = 100;
/** Up at once, down slowly: a voice reads as one movement, not as flicker. */
const FALL = 0.85;

export function meter({ bind, atEnd }: Kit, { talk, isOpen, drawings, context, tell }: Scene): void {
  const levels = new Levels(context);
  const now: Record<Side, number> = { you: 0, agent: 0 };
  let frame = 0;
  let toldAt = 0;
  let silence = new Silence();
  listen(talk.sound.mine, "you", () => {
    silence = new Silence();
  });
  listen(talk.sound.theirs, "agent");

  bind(() => {
    const state = talk.state.get();
    const isRunning = isLive(state) && state.mode === "voice" && isOpen.get();
    cancelAnimationFrame(frame);
    if (isRunning) frame = requestAnimationFrame(step);
    else draw(0, 0);
  });
  atEnd(() => {
    cancelAnimationFrame(frame);
    levels.close();
  });

  function listen(stream: Signal<MediaStream | null>, side: Side, onNew?: () => void): void {
    bind(() => {
      levels.listen(side, stream.get());
      onNew?.();
    });
  }

  function step(at: number): void {
    frame = requestAnimationFrame(step);
    const state = talk.state.get();
    const mine = levels.read("you");
    now.you = Math.max(mine ?? 0, now.you * FALL);
    now.agent = Math.max(levels.read("agent") ?? 0, now.agent * FALL);
    draw(now.you, now.agent);
    if (silence.observe(mine, shown(state) === "listening", at) && !talk.note.get()) talk.note.set("cannot_hear_you");
    else if (talk.note.get() === "cannot_hear_you" && (mine ?? 0) > 0.3) talk.note.set("");
    if (at - toldAt < TELL_EVERY_MS) return;
    toldAt = at;
    tell({ ...now });
  }

  function draw(you: number, agent: number): void {
    for (const drawing of drawings) breathe(drawing, you, agent);
  }
}
