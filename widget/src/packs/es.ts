/** The texts in es, as a script of their own. */

import { offerTexts } from "../core/panel_contract";
import { es } from "../i18n/es";

offerTexts(es);
