/** Line icons only the softphone needs, on the same 24-point grid as the widget's. */

import { svg } from "../ui/el";
import { type IconName, icon, OFF, SOUND } from "../ui/icons";

const PATHS = {
  hold: "M9 6v12M15 6v12",
  resume: "M8 5.5v13l10-6.5Z",
  keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
  transfer: "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
  sound: SOUND,
  off: OFF,
  link: "M9.5 14.5l5-5M11 6.5l1.5-1.5a4.2 4.2 0 0 1 6 6L17 12.5M13 17.5 11.5 19a4.2 4.2 0 0 1-6-6L7 11.5",
};

export type PhoneIcon = keyof typeof PATHS | IconName;

export const phoneIcon = (name: PhoneIcon): Element =>
  name in PATHS
    ? svg(
        "svg",
        { viewBox: "0 0 24 24", "aria-hidden": "true", class: `i i-${name}` },
        svg("path", { d: PATHS[name as keyof typeof PATHS] }),
      )
    : icon(name as IconName);
