/** The launcher's looks, and how CSS gets into a shadow root without a style attribute. */

import type { LauncherOptions } from "../core/options.launcher.gen";

/** Adds `css` to `root`: a constructed sheet, or a style element with the page's nonce in older browsers. */
export function adopt(root: ShadowRoot, css: string, nonce: string): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch {
    const style = document.createElement("style");
    style.nonce = nonce;
    style.textContent = css;
    root.append(style);
  }
}

/** System colours follow the scheme and forced colours by themselves; the accent is pulled to the side that is seen. */
export function launcherCss({ launcher, position, theme, zIndex }: LauncherOptions): string {
  const [y, x] = position.split("-");
  const { size } = launcher;
  const scheme = theme.mode === "auto" ? "light dark" : theme.mode;
  return `:host{all:initial;color-scheme:${scheme};position:fixed;${x}:${launcher.offsetX}px;${y}:${launcher.offsetY}px;z-index:${zIndex}}\
.launcher:not([hidden]){display:flex;align-items:center;gap:10px;height:${size}px;padding:0 ${size / 4 - 1}px;border:1px solid #8885;border-radius:99px;background:Canvas;color:CanvasText;font:600 15px ${theme.font || "system-ui"},sans-serif;box-shadow:0 8px 24px #0003;cursor:pointer}\
.launcher:focus-visible{outline:3px solid}\
.launcher svg{width:${size / 2}px;fill:none;stroke:CanvasText;stroke-width:3;stroke-linecap:round}\
[aria-busy]{opacity:.7}\
@media(forced-colors:none){.launcher svg{stroke:color-mix(in srgb,${theme.primaryColor} 70%,CanvasText)}}`;
}
