// The rows of the upload page: one file each, with its picture, state, progress and button.
//
// An item has: name, state, row; file and loaded while it is sent; label, kind and text once it is
// stored; error, hint and retry if it isn't.
import { byId, fileSize, isolated, useIcon, words } from "./page.js";

export const UNFINISHED = ["waiting", "uploading", "checking"];
const MAX_THUMB_BYTES = 30_000_000; // Larger pictures would take seconds to draw in the list.

export function createRow(name) {
  const row = byId("file-row").content.cloneNode(true).firstElementChild;
  row.querySelector(".name").textContent = name;
  row.querySelector(".name").dir = "auto";
  row.querySelector(".name").title = name;
  row.querySelector("progress").setAttribute("aria-label", `Upload of ${name}`);
  return row;
}

export function dropThumb(item) {
  const picture = item.row.querySelector("img");
  if (picture) URL.revokeObjectURL(picture.src);
}

export function showThumb(item) {
  const thumb = item.row.querySelector(".thumb");
  const kind = item.kind ?? item.file?.type.split("/")[0];
  if (["image", "audio", "model"].includes(kind)) useIcon(thumb, kind);
  if (!item.file?.type.startsWith("image/") || item.file.size > MAX_THUMB_BYTES) return;
  const picture = new Image();
  picture.alt = "";
  picture.decoding = "async";
  picture.src = URL.createObjectURL(item.file);
  picture.onload = () => thumb.replaceChildren(picture);
  picture.onerror = () => URL.revokeObjectURL(picture.src);
}

function stateWords(item) {
  switch (item.state) {
    case "waiting":
      return ["Waiting", " · ", fileSize(item.file.size)];
    case "uploading":
      return [`${Math.floor(100 * share(item))} % of ${fileSize(item.file.size)}`];
    case "checking":
      return ["Checking the file…"];
    case "stored":
      return ["Stored as ", isolated(item.label), ...aside(item.text)];
    default:
      return [item.error];
  }
}

function aside(text) {
  if (!text) return [];
  const element = isolated(text);
  element.className = "aside";
  return [" · ", element];
}

const share = (item) => (item.file?.size ? Math.min(1, item.loaded / item.file.size) : 0);

export function renderItem(item) {
  const { row } = item;
  row.className = `file ${item.state}`;
  row.querySelector("progress").hidden = !["uploading", "checking"].includes(item.state);
  row.querySelector("progress").value = share(item);
  const mark = row.querySelector(".state svg");
  mark.toggleAttribute("hidden", !["stored", "refused"].includes(item.state));
  useIcon(mark, item.state === "stored" ? "stored" : "refused");
  row.querySelector(".state .words").replaceChildren(...words(...stateWords(item)));
  const hint = row.querySelector(".hint");
  hint.textContent = item.hint;
  hint.hidden = !item.hint;
  renderButton(item);
}

function renderButton(item) {
  const button = item.row.querySelector("button");
  button.hidden = ["checking", "stored"].includes(item.state);
  const verb = UNFINISHED.includes(item.state) ? "Cancel" : item.retry ? "Try again" : "Remove";
  button.setAttribute("aria-label", `${verb}: ${item.name}`);
  button.title = verb;
  if (item.retry) {
    button.classList.remove("icon");
    button.textContent = verb;
  } else if (!button.classList.contains("icon")) {
    const fresh = byId("file-row").content.querySelector("button").firstElementChild;
    button.classList.add("icon");
    button.replaceChildren(fresh.cloneNode(true));
  }
}
