/** What a site owner should do about each error code, as a script of its own. */

import { offerTexts } from "../core/panel_contract";
import { hints } from "../i18n/hints";

offerTexts(hints);
