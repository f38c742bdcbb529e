/** Light or dark, and the tenant's accent made readable: written as custom properties, never as a style attribute. */

import { css, inkOn, parseHex, type Rgb, readableOn, WHITE } from "../core/contrast";
import type { Options } from "../core/options.gen";
import { signal } from "../core/signals";
import { bind, listen } from "./el";

/** The dark surface of style.ts the accent is read on; the light one is white. */
const DARK: Rgb = [24, 27, 31];

export function theme(panel: HTMLElement, options: () => Options): void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isSystemDark = signal(system.matches);
  listen(system, "change", () => isSystemDark.set(system.matches));
  const set = (name: string, value: string) => panel.style.setProperty(name, value);
  const [y, x] = options().position.split("-") as [string, string];
  bind(() => {
    const { theme: wish, launcher } = options();
    set("--r", `${wish.radius}px`);
    set(x, `${launcher.offsetX}px`);
    set(y, `${launcher.offsetY}px`);
    set("--y", `${launcher.offsetY}px`);
    set("font-family", wish.font);
    const isDark = wish.mode === "auto" ? isSystemDark.get() : wish.mode === "dark";
    const accent = readableOn(parseHex(wish.primaryColor), isDark ? DARK : WHITE);
    panel.classList.toggle("dark", isDark);
    set("--accent", css(accent));
    set("--on-accent", css(inkOn(accent)));
  });
}
