/** What a telephone sounds like: its bell, and the two tones of each key. */

const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";
const BELL = [440, 480];
const BELL_S = 1;
const PERIOD_MS = 3_000;
const RINGBACK_S = 1.5;
const RINGBACK_PERIOD_MS = 5_000;
const KEY_S = 0.15;
const VOLUME = 0.08;
const RAMP_S = 0.01;

let context: AudioContext | null = null;

function sound(hertz: number[], seconds: number): void {
  context ??= new AudioContext();
  void context.resume();
  const from = context.currentTime;
  const volume = context.createGain();
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(VOLUME, from + RAMP_S);
  volume.gain.setValueAtTime(VOLUME, from + seconds - RAMP_S);
  volume.gain.linearRampToValueAtTime(0, from + seconds);
  volume.connect(context.destination);
  for (const frequency of hertz) {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(volume);
    tone.start(from);
    tone.stop(from + seconds);
  }
}

function repeat(hertz: number[], seconds: number, periodMs: number): () => void {
  const strike = () => sound(hertz, seconds);
  strike();
  const timer = setInterval(strike, periodMs);
  return () => clearInterval(timer);
}

/** Ring until the answer is called. */
export const bell = (): (() => void) => repeat(BELL, BELL_S, PERIOD_MS);

/** What a caller hears while the other side rings, until the answer is called. */
export const ringback = (): (() => void) => repeat([BELL[0] ?? 0], RINGBACK_S, RINGBACK_PERIOD_MS);

export function keyTone(digit: string): void {
  const at = KEYS.indexOf(digit);
  if (at >= 0) sound([ROWS[Math.floor(at / 3)] ?? 0, COLUMNS[at % 3] ?? 0], KEY_S);
}
