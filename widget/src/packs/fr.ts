/** The texts in fr, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { fr } from "../i18n/fr";

offerTexts(fr);
