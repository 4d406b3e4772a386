// The form that tries a call of one route, the same call for curl, and its answer.

import { element, limitsText, prose, resolved } from "./schema_text.js";

const LONG_TEXT = 500; // Characters from which a text gets several lines.
const MULTIPART = "multipart/form-data";
const JSON_TYPE = "application/json";
const SHOWN = /^(content-type|content-length|location|retry-after|x-(?!content)|seed|finish-reason|ratelimit|link)/;
let count = 0;

export function tryForm({ spec, path, method, facts, token }) {
  const content = facts.requestBody?.content ?? {};
  const bodyType = [MULTIPART, JSON_TYPE].find((type) => content[type]) ?? Object.keys(content)[0];
  const schema = resolved(spec, content[bodyType]?.schema) ?? {};
  const fields = (facts.parameters ?? [])
    .map((each) => resolved(spec, each))
    .filter((each) => each.in !== "header")
    .map((each) => makeField(spec, each.name, each.schema ?? each.content[JSON_TYPE].schema, { place: each.in, needed: each.required, about: each.description }));
  if (schema.properties)
    for (const [name, each] of Object.entries(schema.properties))
      fields.push(makeField(spec, name, each, { place: "body", needed: schema.required?.includes(name) }));
  else if (bodyType) fields.push(makeField(spec, "file", { type: "string", format: "binary" }, { place: "raw", needed: true }));
  fields.sort((one, other) => Boolean(other.needed) - Boolean(one.needed));

  const types = Object.keys(resolved(spec, facts.responses["200"])?.content ?? {});
  const accept = types.length > 1 ? selectOf(types.map((type) => [type, type])) : null;
  const acceptRow = accept && labelled("Accept", accept);
  const send = element("button", { className: "button primary", textContent: "Send request" });
  const stop = element("button", { className: "button", type: "button", textContent: "Stop", hidden: true });
  const curl = element("pre", { tabIndex: 0, ariaLabel: "The same call for curl" });
  const answer = element("div", { className: "result" });
  answer.setAttribute("aria-live", "polite");
  const form = element(
    "form",
    { className: "try", noValidate: true },
    ...fields.map((each) => each.row),
    acceptRow,
    element("div", { className: "actions" }, send, stop),
    element("details", { className: "curl" }, element("summary", { textContent: "The same call for curl" }), curl),
    answer,
  );
  const call = () => requestOf({ path: spec.servers[0].url + path, method, fields, bodyType, accept: accept?.value });
  const refresh = () => (curl.textContent = curlOf(call()));
  form.addEventListener("input", refresh);
  refresh();
  let running;
  stop.addEventListener("click", () => running?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const missing = fields.find((each) => each.needed && each.isEmpty());
    if (missing) {
      answer.replaceChildren(element("p", { className: "error", textContent: `${missing.name} is required.` }));
      missing.row.querySelector("input, select, textarea").focus();
      return;
    }
    running = new AbortController();
    send.disabled = true;
    stop.hidden = false;
    await showAnswer(answer, call(), token(), running.signal);
    send.disabled = false;
    stop.hidden = true;
  });
  return form;
}

function makeField(spec, name, given, { place, needed, about }) {
  const schema = resolved(spec, given) ?? {};
  const options = (schema.anyOf ?? [schema]).map((each) => resolved(spec, each)).filter((each) => each.type !== "null");
  const takesFile = (each) => each.format === "binary" || (each.items && takesFile(resolved(spec, each.items)));
  const isFile = options.some((each) => (each.anyOf ?? [each]).some(takesFile));
  const main = options.find((each) => each.enum) ?? options[0] ?? {};
  const isJson = !isFile && (main.type === "array" || main.type === "object" || !main.type);
  const file = isFile && element("input", { type: "file", multiple: options.some((each) => each.type === "array") });
  const input = isFile && place === "raw" ? null : isFile ? textInput("or a media id, label or https link") : control(main, schema, isJson);
  const limits = limitsText({ ...main, ...schema });
  const meaning = about ?? schema.description ?? main.description ?? "";
  const note = limits ? [meaning.replace(/\.$/, ""), limits].filter(Boolean).join(" · ") : meaning;
  const row = labelled(name, file || input, { note, needed, second: file && input });
  return {
    name,
    place,
    needed,
    row,
    isJson,
    type: main.type,
    files: () => (file ? [...file.files] : []),
    text: () => input?.value.trim() ?? "",
    isEmpty() {
      return !this.files().length && !this.text();
    },
  };
}

function control(main, schema, isJson) {
  const shown = schema.default ?? main.default;
  const usual = shown === undefined ? "not sent" : `default: ${shown}`;
  if (main.enum) return selectOf([["", usual], ...main.enum.map((each) => [each, each])]);
  if (main.type === "boolean") return selectOf([["", usual], ["true", "true"], ["false", "false"]]);
  if (isJson) return element("textarea", { rows: 3, spellcheck: false, placeholder: main.type === "array" ? "[ … ]" : "{ … }" });
  if (main.maxLength > LONG_TEXT) return element("textarea", { rows: 2 });
  if (main.type === "integer" || main.type === "number") {
    const step = main.type === "integer" ? 1 : "any";
    return element("input", { type: "number", step, min: main.minimum ?? "", max: main.maximum ?? "", placeholder: shown ?? "" });
  }
  return textInput(shown ?? "");
}

const textInput = (placeholder) => element("input", { type: "text", autocomplete: "off", placeholder });

function selectOf(options) {
  return element("select", {}, ...options.map(([value, textContent]) => element("option", { value, textContent })));
}

function labelled(name, input, { note, needed, second } = {}) {
  const id = `field-${(count += 1)}`;
  input.id = id;
  if (needed) input.required = !second;
  const label = element("label", { htmlFor: id }, element("code", { textContent: name }), " ", needed && element("span", { className: "needed", textContent: "required" }));
  const about = note && element("p", { className: "small muted", id: `${id}-note` }, ...prose(note));
  if (about) input.setAttribute("aria-describedby", about.id);
  if (second) second.setAttribute("aria-label", `${name}, as text`);
  return element("div", { className: "field" }, label, element("div", {}, input, second, about));
}

// Returns what is sent: url, method, headers, and fields or a file as the body.
function requestOf({ path, method, fields, bodyType, accept }) {
  const given = fields.filter((each) => !each.isEmpty());
  const at = (place) => given.filter((each) => each.place === place);
  const filled = at("path").reduce((url, each) => url.replace(`{${each.name}}`, encodeURIComponent(each.text())), path);
  const query = new URLSearchParams(at("query").map((each) => [each.name, each.text()]));
  const request = { url: query.size ? `${filled}?${query}` : filled, method: method.toUpperCase(), headers: {} };
  if (accept) request.headers.accept = accept;
  const raw = at("raw")[0];
  const body = at("body");
  if (raw) return { ...request, file: raw.files()[0] };
  if (body.some((each) => each.files().length) || (bodyType && bodyType !== JSON_TYPE && bodyType !== MULTIPART))
    return { ...request, form: body.flatMap((each) => (each.files().length ? each.files() : [each.text()]).map((value) => [each.name, value])) };
  if (bodyType) {
    request.headers["content-type"] = JSON_TYPE;
    request.json = JSON.stringify(Object.fromEntries(body.map((each) => [each.name, valueOf(each)])));
  }
  return request;
}

function valueOf({ type, isJson, text }) {
  const value = text();
  if (!isJson && !["boolean", "integer", "number"].includes(type)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // The server says what is wrong with it.
  }
}

function curlOf({ url, method, headers, form, json, file }) {
  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const words = [`curl ${quoted(new URL(url, location.href).href)}`];
  if (method !== "GET") words.push(`-X ${method}`);
  words.push('-H "Authorization: Bearer $TOKEN"');
  for (const [name, value] of Object.entries(headers)) words.push(`-H ${quoted(`${name}: ${value}`)}`);
  for (const [name, value] of form ?? [])
    words.push(value instanceof File ? `-F ${quoted(`${name}=@${value.name}`)}` : `--form-string ${quoted(`${name}=${value}`)}`);
  if (json !== undefined) words.push(`-d ${quoted(json)}`);
  if (file) words.push(`--data-binary ${quoted(`@${file.name}`)}`);
  return words.join(" \\\n  ");
}

async function showAnswer(place, { url, method, headers, form, json, file }, token, signal) {
  const line = element("p", { className: "muted", textContent: "Waiting for the answer…" });
  place.replaceChildren(line);
  let body = json ?? file;
  if (form) {
    body = new FormData();
    for (const [name, value] of form) body.append(name, value);
  }
  const started = performance.now();
  try {
    const sent = token ? { ...headers, authorization: `Bearer ${token}` } : headers;
    const response = await fetch(url, { method, headers: sent, body, signal, cache: "no-store", credentials: "omit" });
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    const status = element("strong", { className: `status s${String(response.status)[0]}`, textContent: response.status });
    const kind = response.headers.get("content-type") ?? "";
    const heads = [...response.headers].filter(([name]) => SHOWN.test(name)).map((pair) => pair.join(": ")).join("\n");
    place.replaceChildren(element("p", {}, status, ` after ${seconds} s`));
    if (heads) place.append(element("pre", { tabIndex: 0, ariaLabel: "Headers", textContent: heads }));
    if (kind.startsWith("text/event-stream")) await showStream(place, response);
    else place.append(...(await bodyOf(response, kind)));
  } catch (error) {
    const text = error.name === "AbortError" ? "Stopped. A job that was started continues." : "No answer: the server can't be reached, or the connection was cut.";
    place.append(element("p", { className: "error", textContent: text }));
    line.remove();
  }
}

async function showStream(place, response) {
  const shown = element("pre", { tabIndex: 0, ariaLabel: "Events" });
  place.append(shown);
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) shown.append(text);
}

async function bodyOf(response, kind) {
  if (/json|text/.test(kind)) {
    const text = await response.text();
    let shown = text;
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // Shown as it is.
    }
    return shown ? [element("pre", { tabIndex: 0, ariaLabel: "Body", textContent: shown })] : [];
  }
  const blob = await response.blob();
  if (!blob.size) return [];
  const href = URL.createObjectURL(blob);
  const extension = kind.split(/[/;]/)[1]?.replace("gltf-binary", "glb").replace("mpeg", "mp3") ?? "bin";
  const save = element("a", { className: "button", href, download: `result.${extension}`, textContent: `Save (${blob.size.toLocaleString("en")} bytes)` });
  if (kind.startsWith("image/")) return [element("img", { src: href, alt: "The picture that was returned" }), save];
  if (kind.startsWith("audio/")) return [element("audio", { src: href, controls: true }), save];
  return [save];
}
