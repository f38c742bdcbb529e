/** The late chunk: asked for when the call has begun or something needs it, once, and again after a failure. */

import { codeOf } from "../core/errors";
import type { PanelHost } from "../core/panel_contract";
import { signal } from "../core/signals";
import { isLive } from "../core/state";
import type { Kit, Late } from "../late/kit";
import { arcs } from "./arcs";
import { button, iconButton } from "./button";
import { atEnd, bind, el, listen } from "./el";
import { face } from "./header";
import { icon } from "./icons";
import type { Scene } from "./scene";

/** After this it counts as cut: what stands in for it is better than waiting on. */
const TIMEOUT_MS = 5_000;

const soon = <T>(wanted: Promise<T>): Promise<T> =>
  Promise.race([wanted, new Promise<never>((_, reject) => setTimeout(reject, TIMEOUT_MS))]);

export const kit: Kit = { el, bind, atEnd, listen, signal, button, iconButton, icon, codeOf, arcs, face };

export interface LateParts {
  ask(): Promise<Late>;
  /** It cannot be had, as far as we know. */
  isCut(): boolean;
}

/** `arrived` gets the chunk and its words, in the page's language where they could be had. */
export function lateParts(host: PanelHost, arrived: (late: Late, texts: Record<string, string>) => void): LateParts {
  const isCut = signal(false);
  let asked: Promise<Late> | null = null;
  const load = async () => {
    try {
      const late = await soon(host.late());
      const texts = await soon(late.words(host.load, host.options.language)).catch(() => late.texts);
      isCut.set(false);
      arrived(late, texts);
      return late;
    } catch (thrown) {
      asked = null;
      isCut.set(true);
      throw thrown;
    }
  };
  return {
    isCut: isCut.get,
    ask() {
      asked ??= load();
      return asked;
    },
  };
}

/** Ask for it as soon as the conversation gives a reason to; each reason asks once. Without it, nothing to hold. */
export function askInTime({ talk, options, isOpen, needsTap }: Scene, { ask, isCut }: LateParts): void {
  let last = "";
  bind(() => {
    const { phase, mode, error } = talk.state.get();
    const isWriting = mode === "text" && phase === "connecting";
    const reason =
      talk.note.get() ||
      error ||
      (/^(end|rec)/.test(phase) && phase) ||
      ((isLive(talk.state.get()) || isWriting) && mode) ||
      (needsTap.get() && "tap") ||
      (options().pushToTalk && isOpen.get() && "hold");
    if (reason && reason !== last) ask().catch(() => {});
    last = reason || last;
  });
  bind(() => isCut() && talk.stopHolding());
}
