/** The console's entry: buttons that copy, times as the reader's clock shows them, lists that stay current. Every page works without it. */

const SHOWN_MS = 2_000;
const TICK_MS = 1_000;
const RESTS_MS = 4_000;

const all = (query: string, within: ParentNode = document) => within.querySelectorAll<HTMLElement>(query);
const language = document.documentElement.lang === "ary" ? "ar-MA" : document.documentElement.lang;
const clock = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", numberingSystem: "latn" });
let movedAt = Number.NEGATIVE_INFINITY;
const said = document.createElement("p");

/** The reader's own time in place of UTC, which stays as the title. */
function localTimes(within: ParentNode): void {
  for (const time of all("time[datetime]:not([title])", within)) {
    const at = new Date(time.getAttribute("datetime") ?? "");
    time.title = time.textContent ?? "";
    time.textContent = clock.format(at);
    time.dir = "auto";
  }
}

/** How long each call that goes on has lasted. */
function tick(): void {
  for (const timer of all("[data-since]")) {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(timer.dataset.since ?? "")) / 1_000));
    timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

async function copy(button: HTMLElement): Promise<void> {
  const label = button.querySelector("span");
  if (!label || button.dataset.was) return;
  await navigator.clipboard.writeText(button.dataset.copy ?? "");
  button.dataset.was = label.textContent ?? "";
  label.textContent = said.textContent = button.dataset.done ?? "";
  setTimeout(() => {
    label.textContent = button.dataset.was ?? "";
    said.textContent = "";
    delete button.dataset.was;
  }, SHOWN_MS);
}

function ready(within: ParentNode): void {
  localTimes(within);
  // Without a secure context there is no clipboard, and the button would promise what it cannot do.
  if (navigator.clipboard) for (const button of all("[data-copy]", within)) button.hidden = false;
}

/** The rows that differ become the new ones; those somebody is using, and those that did not change, stay. */
function merge(old: HTMLElement, fresh: HTMLElement): void {
  const known = new Map([...all("[data-row]", old)].map((row) => [row.dataset.row, row]));
  const rows = [...all("[data-row]", fresh)];
  const home = known.values().next().value?.parentElement;
  if (rows.length === 0) return;
  if (!home) {
    old.replaceChildren(...fresh.childNodes);
    return;
  }
  const wanted = rows.map((row) => {
    const present = known.get(row.dataset.row);
    if (!present) return row;
    const isUsed = present.matches("[open]") || present.contains(document.activeElement);
    if (isUsed || present.dataset.made === row.dataset.made) return present;
    return row;
  });
  if (isPointedAt(old)) {
    // Nothing moves from under the pointer: what is there becomes current where it stands, the rest comes later.
    for (const row of wanted) {
      const present = known.get(row.dataset.row);
      if (present && present !== row) present.replaceWith(row);
    }
    return;
  }
  if (wanted.some((row, place) => home.children[place] !== row) || home.children.length !== wanted.length) {
    home.replaceChildren(...wanted);
  }
}

/** Whether somebody is about to click in here: a pointer that rests hinders nothing. */
function isPointedAt(part: HTMLElement): boolean {
  return performance.now() - movedAt < RESTS_MS && part.matches(":hover");
}

/** What a row was when the server made it, before its times were put into words. */
function mark(within: ParentNode): void {
  for (const row of all("[data-row]", within)) row.dataset.made = row.textContent?.replace(/\s+/g, " ") ?? "";
}

async function refresh(part: HTMLElement): Promise<void> {
  const answer = await fetch(location.pathname + location.search, {
    headers: { Accept: "text/html" },
    credentials: "same-origin",
  });
  if (answer.redirected || answer.status === 401) return location.reload(); // signed out meanwhile
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById(part.id);
  if (!fresh) return;
  part.dataset.refresh = fresh.dataset.refresh ?? part.dataset.refresh ?? "8";
  mark(fresh);
  merge(part, fresh);
  ready(part);
  for (const beside of all(`[data-beside="${part.id}"]`)) {
    const now = page.getElementById(beside.id);
    if (!now || now.textContent === beside.dataset.made) continue;
    beside.dataset.made = now.textContent ?? "";
    beside.replaceChildren(...now.childNodes);
    ready(beside);
  }
  tick();
}

/** Ask again after the seconds the page says, while somebody looks. */
function keepCurrent(part: HTMLElement): void {
  setTimeout(async () => {
    try {
      if (!document.hidden) await refresh(part);
    } catch {
      // The server is away for a moment: the next time will tell.
    }
    keepCurrent(part);
  }, Number(part.dataset.refresh) * 1_000);
}

document.addEventListener("pointermove", () => {
  movedAt = performance.now();
});
document.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
  if (button) void copy(button);
});
document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
said.className = "unseen";
said.setAttribute("role", "status");
document.body.append(said);
mark(document);
ready(document);
tick();
setInterval(tick, TICK_MS);
for (const part of all("[data-refresh]")) keepCurrent(part);
