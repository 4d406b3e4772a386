// What both pages share: elements by id, texts, sizes, and JSON from the server.
// Texts from the server and names of files only ever become text nodes.

const STEP = 1000; // Sizes count in thousands, as the limits of the server do.

export function byId(id) {
  return document.getElementById(id);
}

export function words(...parts) {
  return parts.map((part) => (part instanceof Node ? part : document.createTextNode(String(part))));
}

// Isolates a text, so that right-to-left marks in it can't reorder what is next to it.
export function isolated(text, tag = "bdi") {
  const element = document.createElement(tag);
  element.dir = "auto";
  element.textContent = text;
  return element;
}

export function useIcon(svg, name) {
  svg.querySelector("use").setAttribute("href", `#${name}`);
}

export function fileSize(bytes) {
  if (bytes < STEP) return `${bytes} bytes`;
  if (bytes < STEP ** 2) return `${Math.round(bytes / STEP)} KB`;
  const megabytes = bytes / STEP ** 2;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB`;
}

// Returns {json}, {refused: status} for an answer without what was asked for, or {gone: true}.
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: "no-store", ...options });
  } catch {
    return { gone: true };
  }
  const json = await response.json().catch(() => null);
  return response.ok ? { json: json ?? {} } : { refused: response.status, json };
}

// Replaces the page by one message. `again` shows a button that checks again.
export function showMessage({ kind, icon, title, text, again = false }) {
  byId("badge").className = `badge ${kind}`;
  byId("badge-icon").setAttribute("href", `#${icon}`);
  byId("message-title").textContent = title;
  byId("message-text").textContent = text;
  byId("again").hidden = !again;
  document.title = title;
  if (!byId("message").hidden) return;
  byId("message").hidden = false;
  byId("message-title").focus();
}
