/** The late texts in es, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { esLate } from "../i18n/es";

offerTexts(esLate);
