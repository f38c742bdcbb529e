/** The tone one expects while the other phone rings: 425 Hz, a second and a half in five. */

import { atEnd, bind } from "../ui/el";
import { type Scene, shownState } from "./scene";

const HERTZ = 425;
const SOUND_S = 1.5;
const PERIOD_MS = 5_000;
const VOLUME = 0.06;
const RAMP_S = 0.02;

export function ringback(scene: Scene): void {
  let context: AudioContext | null = null;
  let timer: ReturnType<typeof setInterval> | undefined;
  const stop = () => {
    clearInterval(timer);
    void context?.close();
    context = null;
  };
  const burst = () => {
    if (!context) return;
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = context.currentTime;
    tone.frequency.value = HERTZ;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(VOLUME, from + RAMP_S);
    volume.gain.setValueAtTime(VOLUME, from + SOUND_S - RAMP_S);
    volume.gain.linearRampToValueAtTime(0, from + SOUND_S);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + SOUND_S);
  };
  let rings = false;
  bind(() => {
    const should = shownState(scene) === "ringing" && scene.line.call.get().direction === "outbound";
    if (should === rings) return;
    rings = should;
    stop();
    if (!should || typeof AudioContext !== "function") return;
    context = new AudioContext();
    burst();
    timer = setInterval(burst, PERIOD_MS);
  });
  atEnd(stop);
}
