/** The host page's script: `Parloir.softphone(options)` makes a softphone that opens its frame on demand. */

import { Softphone, type SoftphoneOptions } from "./frame/softphone";

/** Our server is where this script came from. */
const own = (document.currentScript as HTMLScriptElement | null)?.src || location.href;

const page = window as unknown as { Parloir?: object };
page.Parloir ??= Object.freeze({ softphone: (options: SoftphoneOptions) => new Softphone(options, own) });
