// The upload page: sends each file in a separate request and shows the outcome.
import { UNFINISHED, createRow, dropThumb, renderItem, showThumb } from "./file_rows.js";
import { byId, fileSize, request, showMessage } from "./page.js";

const BASE = `/u/${location.pathname.split("/")[2]}`;
const TITLE = document.title;
const PARALLEL = 2; // Uploads at a time: one file is checked while the next one arrives.
const POLL_MS = 5000;
const WARN_SECONDS = 120;
const TOUCH = matchMedia("(pointer: coarse)").matches; // Without drag and drop and Ctrl+V.

const items = [];
let state = null; // The last answer to GET state.
let closing = false; // The user pressed Done before all uploads were finished.
let warned = false;

const count = (...states) => items.filter((item) => states.includes(item.state)).length;
const unfinished = () => count(...UNFINISHED);
const files = (number) => `${number} ${number === 1 ? "file" : "files"}`;

function announce(text) {
  byId("live").textContent = text;
}

function note(text) {
  byId("note-text").textContent = text;
  byId("note").hidden = !text;
}

// --- Items ------------------------------------------------------------------------------------

function addItem(values) {
  const item = { loaded: 0, file: null, row: createRow(values.name), ...values };
  item.row.querySelector("button").addEventListener("click", () => act(item));
  items.push(item);
  byId("files").append(item.row);
  showThumb(item);
  renderItem(item);
  return item;
}

function act(item) {
  if (item.retry) {
    Object.assign(item, { state: "waiting", retry: false, error: "", hint: "", loaded: 0 });
    renderItem(item);
    item.row.querySelector("button").focus();
    pump();
    return;
  }
  const cancelled = UNFINISHED.includes(item.state);
  item.request?.abort();
  removeItem(item);
  announce(`${item.name} ${cancelled ? "cancelled" : "removed from the list"}.`);
  pump();
}

// Keeps the keyboard's place: focus moves to the next row's button, else to the file picker's.
function removeItem(item) {
  const buttons = [...byId("files").querySelectorAll("button:not([hidden])")];
  const at = buttons.indexOf(item.row.querySelector("button"));
  const next = buttons[at + 1] ?? buttons[at - 1] ?? byId("choose");
  dropThumb(item);
  items.splice(items.indexOf(item), 1);
  item.row.remove();
  next.focus();
}

// --- Uploads ----------------------------------------------------------------------------------

function refuse(name, error, hint) {
  addItem({ name, state: "refused", error, hint });
  announce(`${name}: ${error}`);
}

function addFiles(list) {
  note("");
  for (const { name, file } of list) {
    if (file.size > state.max_bytes) {
      refuse(
        name,
        `The file has ${fileSize(file.size)}; the limit is ${fileSize(state.max_bytes)}.`,
        "Export it smaller or with more compression, then send that file.",
      );
    } else if (count("stored", ...UNFINISHED) >= state.max_files) {
      refuse(name, `One link takes ${files(state.max_files)}.`, "Ask your assistant for another link.");
    } else {
      addItem({ name, file, state: "waiting" });
    }
  }
  if (unfinished()) announce(`Uploading ${files(unfinished())}.`);
  pump();
}

function pump() {
  while (count("uploading", "checking") < PARALLEL) {
    const item = items.find((each) => each.state === "waiting");
    if (!item) break;
    upload(item);
  }
  if (closing && !unfinished()) finishOrAsk();
  renderSummary();
}

function upload(item) {
  item.state = "uploading";
  renderItem(item);
  const http = new XMLHttpRequest(); // fetch() doesn't report the progress of an upload.
  item.request = http;
  http.upload.onprogress = (event) => {
    item.loaded = event.loaded;
    renderItem(item);
  };
  http.upload.onload = () => {
    item.state = "checking";
    item.loaded = item.file.size;
    const focused = document.activeElement === item.row.querySelector("button");
    renderItem(item);
    if (focused) byId("choose").focus();
  };
  http.onload = () => settle(item, http);
  http.onerror = () => interrupt(item);
  http.open("POST", `${BASE}/files?name=${encodeURIComponent(item.name.toWellFormed())}`);
  http.setRequestHeader("Content-Type", "application/octet-stream");
  http.send(item.file);
}

function settle(item, http) {
  item.request = null;
  let entry = null;
  try {
    entry = JSON.parse(http.responseText);
  } catch {
    // Answered below.
  }
  if (http.status < 300 && entry?.ok) {
    Object.assign(item, { state: "stored", label: entry.label, text: entry.text, kind: entry.kind });
    announce(`${item.name} stored as ${entry.label}. ${progress()}`);
    if (!item.row.querySelector("img")) showThumb(item);
  } else {
    const error = entry?.error ?? `The studio refused the file (status ${http.status}).`;
    Object.assign(item, { state: "refused", error, hint: entry?.hint });
    announce(`${item.name} refused: ${error}`);
    if ([404, 410].includes(http.status)) refresh();
  }
  renderItem(item);
  pump();
}

async function interrupt(item) {
  Object.assign(item, {
    request: null,
    state: "refused",
    retry: true,
    error: "The upload was interrupted.",
    hint: "The file changed or was moved, or the connection broke.",
  });
  renderItem(item);
  announce(`${item.name}: ${item.error}`);
  await refresh();
  pump();
}

// --- Done -------------------------------------------------------------------------------------

function progress() {
  const stored = count("stored");
  const refused = count("refused");
  const parts = [`${stored} of ${files(items.length)} stored`];
  if (refused) parts.push(`${refused} refused`);
  return `${parts.join(", ")}.`;
}

function renderSummary() {
  byId("drop").classList.toggle("compact", items.length > 0);
  byId("invitation").textContent = items.length
    ? "Add more"
    : TOUCH
      ? "Choose the files to send"
      : "Drop files anywhere on this page";
  byId("summary").textContent = items.length ? progress() : "No files yet.";
  const done = byId("done");
  const some = count("stored", ...UNFINISHED) > 0;
  done.classList.toggle("primary", some);
  done.textContent = !some
    ? "Send nothing"
    : closing
      ? `Finishing after ${files(unfinished())}…`
      : "Done";
}

function pressDone() {
  if (closing || unfinished()) {
    closing = !closing;
    announce(closing ? "Finishing when all files are stored." : "Not finishing yet.");
    renderSummary();
  } else {
    finish();
  }
}

// A file that was refused in the meantime may need another one in its place.
function finishOrAsk() {
  closing = false;
  if (count("refused")) {
    note("Not every file was stored. Send another in its place, or press Done.");
  } else {
    finish();
  }
}

async function finish() {
  byId("done").setAttribute("aria-busy", "true");
  const answer = await request(`${BASE}/finish`, { method: "POST" });
  byId("done").removeAttribute("aria-busy");
  await asking; // A pending answer may be older than the end.
  await refresh();
  if (answer.refused && state?.state === "open") {
    note(answer.json?.error ?? "The studio did not finish. Press Done again.");
  }
}

// --- The state of the link --------------------------------------------------------------------

let asking = null;
function refresh() {
  asking ??= readState().finally(() => {
    asking = null;
  });
  return asking;
}

async function readState() {
  const answer = await request(`${BASE}/state`);
  byId("loading").hidden = true;
  if (answer.gone) return showGone();
  if (answer.refused) return showExpired([]);
  const first = state === null;
  state = answer.json;
  if (state.state === "finished") return showFinished(state.files);
  if (state.state === "expired") return showExpired(state.files);
  if (first) {
    for (const file of state.files) addItem({ ...file, state: file.ok ? "stored" : "refused" });
  }
  if (!unfinished()) showStoredElsewhere();
  showOpen();
}

// Another tab may have sent files, and a file may have arrived just before it was cancelled.
function showStoredElsewhere() {
  const shown = new Set(items.map((item) => item.label));
  for (const file of state.files) {
    if (file.ok && !shown.has(file.label)) addItem({ ...file, state: "stored" });
    shown.add(file.label);
  }
}

function showOpen() {
  byId("message").hidden = true;
  byId("open").hidden = false;
  byId("finish").hidden = false;
  byId("limit").textContent = `up to ${fileSize(state.max_bytes)} each`;
  document.title = TITLE;
  renderSummary();
  renderTime();
}

function close(message) {
  byId("open").hidden = true;
  byId("finish").hidden = true;
  byId("time").hidden = true;
  showMessage(message);
}

function stop(list) {
  for (const item of items) item.request?.abort();
  const pictures = new Map(items.map((each) => [each.label, each.row.querySelector("img")]));
  const stored = list.filter((each) => each.ok);
  byId("files").replaceChildren();
  for (const each of stored) {
    const { row } = addItem({ ...each, state: "stored" });
    const picture = pictures.get(each.label);
    if (picture) row.querySelector(".thumb").replaceChildren(picture);
  }
  byId("results").replaceChildren(...byId("files").children);
  byId("results").hidden = !stored.length;
  items.length = 0;
  clearInterval(polling);
  return stored.length;
}

function showFinished(list) {
  const number = stop(list);
  close({
    kind: "good",
    icon: "stored",
    title: "You can go back to the chat",
    text: number
      ? `Your assistant has ${files(number)} now. You can close this page.`
      : "No file was sent, and your assistant knows. You can close this page.",
  });
}

function showExpired(list) {
  const number = stop(list);
  close({
    kind: "warn",
    icon: "clock",
    title: "This link no longer works",
    text: `It was used, its time is over, or the studio was restarted. ${
      number ? "The files below were stored. " : ""
    }Ask your assistant for a new link to send more.`,
  });
}

function showGone() {
  close({
    kind: "bad",
    icon: "unplugged",
    title: "The studio doesn't answer",
    text: "It was stopped, or your chat program was closed. Files that were stored are kept. Start it again and ask your assistant for a new link.",
    again: true,
  });
}

function renderTime() {
  const seconds = Math.ceil(state.expires_at - Date.now() / 1000);
  const soon = seconds <= WARN_SECONDS;
  const two = (number) => String(number).padStart(2, "0");
  byId("time").hidden = false;
  byId("time").classList.toggle("warn", soon);
  byId("time").textContent = soon
    ? `${Math.floor(Math.max(0, seconds) / 60)}:${two(Math.max(0, seconds) % 60)} left`
    : `${Math.round(seconds / 60)} min left`;
  if (soon && !warned) {
    const minutes = Math.max(1, Math.floor(seconds / 60));
    announce(`The link works for ${minutes} more ${minutes === 1 ? "minute" : "minutes"}.`);
  }
  warned ||= soon;
  if (seconds < 0) refresh();
}

// --- Ways in ----------------------------------------------------------------------------------

const named = (list) => [...list].map((file) => ({ name: file.name, file }));
const isOpen = () => !byId("open").hidden;

function pasted(event) {
  if (!isOpen()) return;
  const list = named(event.clipboardData.files);
  if (!list.length) {
    note("The clipboard has no picture and no file. Copy the picture itself, then paste again.");
    return;
  }
  event.preventDefault();
  // Browsers call every pasted picture image.png.
  for (const each of list) if (each.name === "image.png") each.name = "pasted picture.png";
  addFiles(list);
}

function dropped(event) {
  event.preventDefault();
  drag(0);
  if (!isOpen()) return;
  const folders = new Set(
    [...event.dataTransfer.items]
      .map((each) => each.webkitGetAsEntry?.())
      .filter((entry) => entry?.isDirectory)
      .map((entry) => entry.name),
  );
  const list = named(event.dataTransfer.files);
  addFiles(list.filter(({ name }) => !folders.has(name)));
  for (const name of folders) {
    refuse(name, "This is a folder.", "Open it and drop the files that are in it.");
  }
  if (!list.length) note("That wasn't a file. Save the picture to your disk, then drop the file.");
  renderSummary();
}

let depth = 0; // dragenter and dragleave also fire between the elements of the page.
function drag(to) {
  depth = Math.max(0, to);
  document.body.classList.toggle("dragging", depth > 0 && isOpen());
}

byId("choose").addEventListener("click", (event) => {
  event.stopPropagation();
  byId("picker").click();
});
byId("drop").addEventListener("click", () => byId("picker").click());
byId("picker").addEventListener("click", (event) => event.stopPropagation());
byId("picker").addEventListener("change", ({ target }) => {
  addFiles(named(target.files));
  target.value = "";
});
byId("done").addEventListener("click", pressDone);
byId("again").addEventListener("click", refresh);
addEventListener("paste", pasted);
addEventListener("dragenter", (event) => {
  event.preventDefault();
  drag(depth + 1);
});
addEventListener("dragleave", () => drag(depth - 1));
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", dropped);
addEventListener("beforeunload", (event) => {
  if (unfinished()) event.preventDefault();
});
addEventListener("visibilitychange", () => document.hidden || refresh());

byId("paste").hidden = TOUCH;
if (/Mac|iPhone|iPad/.test(navigator.platform)) byId("paste-keys").textContent = "⌘V";
const polling = setInterval(() => document.hidden || refresh(), POLL_MS);
setInterval(() => isOpen() && state && renderTime(), 1000);
refresh();
