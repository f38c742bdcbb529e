/** Line icons on a 24-point grid, drawn with the text's colour. */

import { svg } from "./el";

const PATHS = {
  mic: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21",
  end: "M3.5 14.5v-2c5-4.5 12-4.5 17 0v2l-4.5-1v-1.5q-4-1.5-8 0v1.5Z",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  send: "M12 19V5.5M6.5 11 12 5.5l5.5 5.5",
  write: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5ZM13.5 7.5l3 3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  ai: "M12 3.5l1.9 6.6 6.6 1.9-6.6 1.9L12 20.5l-1.9-6.6L3.5 12l6.6-1.9Z",
  text: "M5 7h14M5 12h14M5 17h8",
};

/** Not among the panel's own: they come with the late chunk. */
export const MORE = "M7 10l5 5 5-5";

export const SOUND = "M4 10v4h3.5L12 18V6L7.5 10ZM15.5 9.5a3.5 3.5 0 0 1 0 5M18 7a7 7 0 0 1 0 10";

export const OFF =
  "M15 10.5V6a3 3 0 0 0-5.7-1.3M9 9v2a3 3 0 0 0 4.6 2.5M5.5 11a6.5 6.5 0 0 0 10 5.5M18.5 11q0 1.4-.6 2.7M12 17.5V21M4 4l16 16";

export type IconName = keyof typeof PATHS;

/** `path` draws an icon that is not among ours. */
export const icon = (name: string, path = PATHS[name as IconName]): Element =>
  svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: `i i-${name}` }, svg("path", { d: path }));
