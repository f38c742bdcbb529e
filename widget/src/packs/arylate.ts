/** The late texts in ary, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { aryLate } from "../i18n/ary";

offerTexts(aryLate);
