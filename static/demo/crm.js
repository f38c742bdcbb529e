// The demo CRM's page: click to dial, the softphone in an iframe, the log of calls.

const phone = document.querySelector(".phone");
const problem = document.querySelector(".problem");
const table = document.querySelector("table");
let shown = "";
const LOG_EVERY_MS = 2000;
const OVER = new Set(["completed", "busy", "no-answer", "failed", "canceled", "error"]);

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("button");
  if (!button) return;
  if (button.dataset.dial) await showSoftphone(`/calls/${button.dataset.dial}`, button.dataset.dial);
  if (button.dataset.listen) await openTab(`/calls/${button.dataset.listen}/listen`);
  if (button.dataset.replay) await openTab(`/calls/${button.dataset.replay}/replay`);
});

/** Ask our backend for a link and put the page it opens into the softphone's place. */
async function showSoftphone(path, slug) {
  const link = await post(path);
  if (!link) return;
  const frame = document.createElement("iframe");
  frame.src = link.embed_url;
  frame.allow = "microphone; autoplay; speaker-selection; clipboard-write";
  frame.title = "Softphone";
  phone.replaceChildren(frame);
  for (const row of document.querySelectorAll("[data-contact]")) {
    row.toggleAttribute("aria-current", row.dataset.contact === slug);
  }
}

/** A supervisor, and a replay, have a window of their own. */
async function openTab(path) {
  const tab = window.open("about:blank");
  const link = await post(path);
  if (link && tab) tab.location.href = link.embed_url;
  else tab?.close();
}

async function post(path) {
  problem.hidden = true;
  const answer = await fetch(path, { method: "POST" }).catch(() => null);
  const body = answer && (await answer.json().catch(() => null));
  if (answer?.ok && body) return body;
  problem.textContent = body?.error ?? "The CRM cannot be reached.";
  problem.hidden = false;
  return null;
}

async function refresh() {
  const answer = await fetch("/calls").catch(() => null);
  const { calls = [] } = answer?.ok ? await answer.json() : {};
  document.querySelector("#no-calls").hidden = calls.length > 0;
  table.hidden = calls.length === 0;
  const now = JSON.stringify(calls);
  if (now !== shown) {
    shown = now;
    const focused = document.activeElement?.getAttribute("aria-label");
    table.tBodies[0].replaceChildren(...calls.map(row));
    if (focused) table.querySelector(`button[aria-label="${CSS.escape(focused)}"]`)?.focus();
  }
  setTimeout(refresh, LOG_EVERY_MS);
}

function row(call) {
  const line = document.createElement("tr");
  const when = new Date(call.created_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  for (const text of [call.name, when, call.status.replace("-", " "), call.duration ? `${call.duration} s` : "–"]) {
    line.insertCell().textContent = text;
  }
  line.cells[2].dataset.status = call.status;
  const act = line.insertCell();
  if (!OVER.has(call.status)) act.append(action("listen", call, "Listen in", `Listen in on the call with ${call.name}`));
  else if (call.duration) act.append(action("replay", call, "Replay", `Replay the call with ${call.name}`));
  return line;
}

function action(what, call, text, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset[what] = call.id;
  button.textContent = text;
  button.setAttribute("aria-label", label);
  return button;
}

refresh();
