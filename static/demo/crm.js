// The demo CRM's page: click to dial, the contact of the call with its softphone, the log of calls.

const LOG_EVERY_MS = 2000;
const OVER = new Set(["completed", "busy", "no-answer", "failed", "canceled", "error"]);
const SAID = {
  interested: "Interested",
  follow_up: "Follow up",
  not_interested: "Not interested",
  wrong_number: "Wrong number",
  voicemail: "Voicemail",
  no_contact: "No contact",
  other: "Other",
};
const STATES = {
  created: "Calling…",
  waiting_agent: "Connecting you…",
  dialing: "Calling…",
  ringing: "Ringing…",
  in_progress: "On call",
  transferring: "Transferring…",
};
const ENDS = { completed: "Call ended", busy: "Busy", no_answer: "No answer", canceled: "Not answered" };

const problem = document.querySelector(".problem");
const card = document.querySelector(".card");
const replayLast = card.querySelector(".again");
const table = document.querySelector("table");
const shown = new Map(); // of a call's id: what its row says, and the row

// What the softphone needs from us: a place, and a link for whom we call. The link is our backend's to ask for.
const phone = Parloir.softphone({
  container: ".phone",
  link: async ({ slug }) => (await post(`/calls/${slug}`)).embed_url,
});
phone.on("connected", () => document.querySelector(".call").scrollIntoView({ block: "start" }));
phone.on("call.outgoing", () => refresh());
phone.on("call.incoming", () => refresh());
phone.on("screenpop", ({ externalId, number, name }) => pop(contactOf(externalId, number), name ?? number));
phone.on("call.changed", ({ call }) => showState(call));
phone.on("call.reconnecting", () => say("Reconnecting…"));
phone.on("call.reconnected", () => phone.call && showState(phone.call));
phone.on("call.ended", () => refresh());
phone.on("call.left", ({ reason }) => {
  say(reason === "transferred" ? "Passed on" : "You left the call");
  card.querySelector(".acts").hidden = true;
});
phone.on("log.finalized", async ({ callId, outcome, note }) => {
  await post(`/calls/${callId}/outcome`, { outcome, note }).catch(tell);
  await refresh();
});
phone.on("error", ({ code }) => card.hidden && tell(new Error(`The softphone cannot go on (${code}).`)));

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("button");
  if (!button) return;
  problem.hidden = true;
  const { dial, listen, replay, do: command } = button.dataset;
  try {
    if (dial) await call(dial);
    if (listen) await openTab(`/calls/${listen}/listen`);
    if (replay) await openTab(`/calls/${replay}/replay`);
    if (command === "hangup") await phone.hangup();
    else if (command) await phone[command](button.getAttribute("aria-pressed") !== "true");
  } catch (why) {
    tell(why);
  }
});

async function call(slug) {
  pop(document.querySelector(`[data-contact="${slug}"]`), "");
  say("Calling…");
  await phone.dial({ slug });
}

/** The row of whom a call is with: by the id we gave the call, or by the number, as for a call that comes in. */
function contactOf(externalId, number) {
  const rows = [...document.querySelectorAll("[data-contact]")];
  return rows.find(({ dataset }) => dataset.contact === externalId) ?? rows.find(({ dataset }) => dataset.number === number);
}

/** Open the contact's card above the softphone. */
function pop(contact, unknown) {
  for (const row of document.querySelectorAll("[data-contact]")) row.toggleAttribute("aria-current", row === contact);
  const name = contact?.querySelector("strong").textContent ?? unknown;
  card.querySelector("strong").textContent = name;
  card.querySelector(".initials").textContent = name.charAt(0);
  const company = contact?.querySelector(".company").textContent;
  card.querySelector(".company").textContent = company ? `${company} · ${contact.dataset.number}` : "Not in your contacts";
  card.hidden = false;
  replayLast.hidden = true;
  document.querySelector("#no-call").hidden = true;
}

function showState({ id, state, outcome, durationS, held, muted }) {
  say(state === "ended" ? (ENDS[outcome] ?? "It failed") : held ? "On hold" : (STATES[state] ?? state), state);
  card.querySelector('[data-do="mute"]').setAttribute("aria-pressed", String(muted));
  card.querySelector('[data-do="hold"]').setAttribute("aria-pressed", String(held));
  card.querySelector('[data-do="hold"]').disabled = state !== "in_progress";
  card.querySelector(".acts").hidden = state === "ended";
  replayLast.hidden = state !== "ended" || !durationS;
  replayLast.firstElementChild.dataset.replay = id;
}

function say(text, state = "") {
  const line = card.querySelector(".state");
  if (line.textContent !== text) line.textContent = text;
  line.dataset.state = state;
}

/** A supervisor, and a replay, have a window of their own. */
async function openTab(path) {
  const tab = window.open("about:blank");
  try {
    const link = await post(path);
    if (tab) tab.location.href = link.embed_url;
  } catch (why) {
    tab?.close();
    throw why;
  }
}

/** Ask our backend. Throws with words for people. */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    ...(body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
  }).catch(() => null);
  const said = answer && (await answer.json().catch(() => null));
  if (answer?.ok && said) return said;
  throw new Error(said?.error ?? "The CRM cannot be reached.");
}

function tell(why) {
  if (why.code === "destroyed" || why.code === "replaced") return;
  problem.textContent = why.code === "call_in_progress" ? "One call at a time: end this one first." : why.message;
  problem.hidden = false;
}

async function refresh() {
  const answer = await fetch("/calls").catch(() => null);
  if (!answer?.ok) return;
  const { calls = [] } = await answer.json();
  document.querySelector("#no-calls").hidden = calls.length > 0;
  table.hidden = calls.length === 0;
  const body = table.tBodies[0];
  const rows = calls.map(keptRow);
  if (rows.length === body.rows.length && rows.every((line, at) => line === body.rows[at])) return;
  const focused = document.activeElement?.getAttribute("aria-label");
  body.replaceChildren(...rows);
  if (focused) table.querySelector(`button[aria-label="${CSS.escape(focused)}"]`)?.focus();
}

/** The row a call has already, as long as it says the same: what somebody is about to press stays where it is. */
function keptRow(call) {
  const now = JSON.stringify(call);
  const known = shown.get(call.id);
  if (known?.says === now) return known.line;
  const line = row(call);
  shown.set(call.id, { says: now, line });
  return line;
}

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, LOG_EVERY_MS);
}

function row(call) {
  const line = document.createElement("tr");
  const when = new Date(call.created_at).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit" });
  const said = SAID[call.said_outcome] ?? "–";
  for (const text of [call.name, when, call.status.replace("-", " "), call.duration ? `${call.duration} s` : "–", said]) {
    line.insertCell().textContent = text;
  }
  line.cells[2].dataset.status = call.status;
  line.cells[4].dataset.said = call.said_outcome;
  if (call.said_note) {
    const note = document.createElement("small");
    note.textContent = call.said_note;
    line.cells[4].append(note);
  }
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

keepFresh();
