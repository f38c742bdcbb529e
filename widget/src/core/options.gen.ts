/** Generated from widget/options.json by widget/scripts/options.mjs: do not edit. */

import type { OptionRow } from "./options";

export interface Options {
  /** The public key of the account (voc_pk_…). Give it together with agentId, or give tenant_id. */
  apiKey: string;
  /** The agent to talk with: its slug or id. */
  agentId: string;
  /** The account; its first agent answers. Instead of apiKey and agentId. */
  tenant_id: string;
  /** The server. Default: the one the script came from. */
  api_url: string;
  /** Language of the panel and of the conversation. ar and ary are laid out from right to left. */
  language: "fr" | "en" | "ar" | "es" | "ary";
  /** The corner of the page. */
  position: "bottom-right" | "bottom-left" | "top-right" | "top-left";
  /** Looks. */
  theme: { primaryColor: string; radius: number; font: string; mode: "auto" | "light" | "dark" };
  /** What the agent says first. Default: the agent's own greeting. */
  greeting: string;
  /** Texts of the panel to replace, by key; the keys are below. As an attribute: JSON. */
  labels: Record<string, string>;
  /** A picture of the agent; needs img-src under a strict policy. Default: the two arcs. */
  avatar: string;
  /** What the visitor agrees to before anything is stored or sent. */
  consent: { text: string; version: string };
  /** Write only; the microphone is never asked for. */
  textOnly: boolean;
  /** The microphone is open only while the talk key is held. */
  pushToTalk: boolean;
  /** Begin with the microphone muted. */
  startMuted: boolean;
  /** The button that opens the panel. */
  launcher: { size: number; offsetX: number; offsetY: number; label: string };
  /** Where the widget stands in the page's stacking order. */
  zIndex: number;
  /** Show what both sides say as text. */
  captions: boolean;
  /** Open the panel when the page has loaded. Nothing starts before the visitor agrees. */
  autoOpen: boolean;
  /** Your own data about this visit: texts by name, stored with the conversation. As an attribute: JSON. */
  metadata: Record<string, string>;
  /** Called once the widget can be used. */
  onReady: (() => void) | null;
}

/** What the panel reads beside the loader's rows, which it is given; of the same path, the later row counts. */
export const ROWS: OptionRow[] = [
  [
    "apiKey",
    "p",
    "",
    [
      "^voc_pk_"
    ]
  ],
  [
    "agentId",
    "s",
    ""
  ],
  [
    "tenant_id",
    "s",
    ""
  ],
  [
    "api_url",
    "u",
    ""
  ],
  [
    "theme.radius",
    "n",
    14,
    [
      0,
      28
    ]
  ],
  [
    "theme.font",
    "s",
    "",
    [
      200
    ]
  ],
  [
    "greeting",
    "s",
    "",
    [
      300
    ]
  ],
  [
    "labels",
    "t",
    {}
  ],
  [
    "avatar",
    "u",
    ""
  ],
  [
    "consent.text",
    "s",
    "",
    [
      2000
    ]
  ],
  [
    "consent.version",
    "s",
    "",
    [
      40
    ]
  ],
  [
    "textOnly",
    "b",
    false
  ],
  [
    "pushToTalk",
    "b",
    false
  ],
  [
    "startMuted",
    "b",
    false
  ],
  [
    "launcher.label",
    "s",
    "",
    [
      40
    ]
  ],
  [
    "captions",
    "b",
    true
  ],
  [
    "metadata",
    "t",
    {},
    [
      20
    ]
  ],
  [
    "onReady",
    "f",
    null
  ]
];
