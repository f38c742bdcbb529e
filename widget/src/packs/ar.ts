/** The texts in ar, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { ar } from "../i18n/ar";

offerTexts(ar);
