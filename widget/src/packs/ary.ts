/** The texts in ary, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { ary } from "../i18n/ary";

offerTexts(ary);
