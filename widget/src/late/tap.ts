/** Where the browser plays no sound before somebody touches the page: what to touch. */

import { SOUND } from "../ui/icons";
import type { Scene } from "../ui/scene";
import type { Kit } from "./kit";

/** The press itself is heard by the panel, which plays after any. */
export function tap({ el, icon }: Kit, { t, needsTap }: Scene): HTMLElement {
  return el(
    "button",
    { type: "button", class: "main tap", hidden: () => !needsTap.get() },
    icon("sound", SOUND),
    el("span", {}, () => t("tap")),
  );
}
