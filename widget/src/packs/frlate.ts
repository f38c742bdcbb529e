/** The late texts in fr, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { frLate } from "../i18n/fr";

offerTexts(frLate);
