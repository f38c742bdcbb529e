/** The agent's voice, and the context that measures both: what browsers allow only around a click. */

import { effect, type Signal } from "../core/signals";
import { atEnd } from "./el";

/** The agent's voice: an audio element, which browsers play where they would keep an AudioContext quiet. */
export function speaker(
  theirs: Signal<MediaStream | null>,
  audio: HTMLAudioElement,
  needsTap: Signal<boolean>,
): () => void {
  const play = () => {
    audio.play().then(
      () => needsTap.set(false),
      (thrown: DOMException) => needsTap.set(thrown.name === "NotAllowedError" && !!audio.srcObject),
    );
  };
  atEnd(
    effect(() => {
      audio.srcObject = theirs.get();
      needsTap.set(false);
      if (audio.srcObject) play();
    }),
  );
  return play;
}

/** One AudioContext for the panel; null where there is none. `wake` it inside a click: only then it may run. */
export function audioContext() {
  let context: AudioContext | null = null;
  const get = (): AudioContext | null => {
    if (!context && typeof AudioContext === "function") context = new AudioContext();
    return context;
  };
  return {
    get,
    wake: () =>
      void get()
        ?.resume()
        .catch(() => {}),
    close: () => void context?.close(),
  };
}
