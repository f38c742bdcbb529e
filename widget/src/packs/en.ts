/** The texts in en, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { en } from "../i18n/en";

offerTexts(en);
