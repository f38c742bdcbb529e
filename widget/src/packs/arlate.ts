/** The late texts in ar, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { arLate } from "../i18n/ar";

offerTexts(arLate);
