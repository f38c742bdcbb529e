/** The ticket of this page: read from the address once, and out of it at once; a reload finds it in the tab. */

const KEPT = "parloir.handset";

export function takeTicket(): string {
  const address = new URL(location.href);
  const given = address.searchParams.get("t");
  try {
    if (given) sessionStorage.setItem(KEPT, given);
    address.searchParams.delete("t");
    history.replaceState(null, "", address);
    return given ?? sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return given ?? ""; // a browser that keeps nothing: this page works, a reload does not
  }
}
