/** Loads the panel and the language packs: from our own server only, every byte checked before it runs. */

import { CHUNK_EVENT, type Chunk } from "../core/panel_contract";

interface ScriptPolicy {
  createScriptURL(url: string): unknown;
}
interface TrustedTypes {
  createPolicy(name: string, rules: ScriptPolicy): ScriptPolicy;
}

export interface Chunks {
  /** What the chunk hands over. Rejects when it is blocked, changed or unreachable; asking again tries again. */
  load(chunk: Chunk): Promise<unknown>;
  /** Fetches without running: the click that may follow finds it there. */
  prefetch(chunk: Chunk): void;
}

/** One for the page: a policy of the same name twice is refused where `trusted-types` lists it. */
let policy: ScriptPolicy | undefined;

export function chunksFrom(base: string, nonce: string): Chunks {
  /** Under Trusted Types, a script address of ours; anything else is refused by our own policy. */
  const trusted = (url: string): unknown => {
    const types = (window as unknown as { trustedTypes?: TrustedTypes }).trustedTypes;
    if (!types) return url;
    policy ??= types.createPolicy("parloir", {
      createScriptURL: (asked) => (asked.startsWith(`${base}/w/`) ? asked : ""),
    });
    return policy.createScriptURL(url);
  };

  /** Grows with every failure: wrong bytes may be in the browser's cache, under the address they had, for a year. */
  let again = "";

  /** Into the page with its integrity; gone again once it has loaded or failed. */
  const add = (node: HTMLLinkElement | HTMLScriptElement, integrity: string, failed?: () => void) => {
    node.integrity = integrity;
    node.crossOrigin = "";
    node.nonce = nonce;
    node.onload = () => node.remove();
    node.onerror = () => {
      node.remove();
      failed?.();
    };
    document.head.append(node);
  };

  return {
    load: ([path, integrity]) =>
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = trusted(base + path + again) as string;
        script.addEventListener(CHUNK_EVENT, (event) => resolve((event as CustomEvent).detail));
        add(script, integrity, () => {
          again += "?";
          reject();
        });
      }),
    prefetch([path, integrity]) {
      const link = document.createElement("link");
      link.rel = "preload";
      link.as = "script";
      link.href = base + path;
      add(link, integrity);
    },
  };
}
