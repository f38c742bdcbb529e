/** The first words of one language, as a script of their own: in the order of their keys, which the panel has. */

import { offerTexts } from "../core/panel_contract";

/** Put in by the build. */
declare const WORDS: string[];

offerTexts(WORDS);
