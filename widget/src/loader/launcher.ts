/** The button that opens the panel: the mark, a label or a name, in the page's language. */

import type { LauncherOptions } from "../core/options.launcher.gen";

const LABELS = { fr: "Parler avec nous", en: "Talk with us", es: "Hablar con nosotros", ar: "تحدّث معنا" };

function drawn(tag: string, attribute: string, value: string): Element {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  node.setAttribute(attribute, value);
  return node;
}

export function drawLauncher({ language, launcher }: LauncherOptions): HTMLButtonElement {
  const button = document.createElement("button");
  const isRtl = /^a/.test(language);
  button.className = "launcher";
  button.lang = language;
  button.dir = isRtl ? "rtl" : "ltr";
  button.ariaHasPopup = "dialog";
  const arcs = drawn("path", "d", "M11 5a14 14 0 0 0 0 22M21 5a14 14 0 0 1 0 22");
  const svg = drawn("svg", "viewBox", "0 0 32 32");
  svg.append(arcs);
  button.append(svg, launcher.label);
  if (!launcher.label) button.ariaLabel = LABELS[(isRtl ? "ar" : language) as "ar"];
  return button;
}
