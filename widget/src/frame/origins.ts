/** Which page this frame may talk to: exactly one origin, and only if it is on the list the server wrote into the page. */

/** `allowed`: sources as in frame-ancestors: an origin, `https:`, or a host with any port, as `//localhost:*` behind its scheme. */
export function isAllowed(origin: string, allowed: readonly string[]): boolean {
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  if (url.origin !== origin) return false;
  return allowed.some(
    (source) =>
      source === origin ||
      (source === "https:" && url.protocol === source) ||
      (source.endsWith(":*") && source === `${url.protocol}//${url.hostname}:*`),
  );
}

/** The parent's origin, or "" when there is no parent or none we may talk to. */
export function parentOrigin(allowed: readonly string[], view: Window = window): string {
  if (view.parent === view) return "";
  const seen = view.location.ancestorOrigins?.[0] ?? originOf(view.document.referrer);
  return isAllowed(seen, allowed) ? seen : "";
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return "";
  }
}
