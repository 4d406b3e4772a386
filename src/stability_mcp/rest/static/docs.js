// The page of the REST API: lists every route of the OpenAPI document, and tries calls.
// Texts of the document and of answers only ever become text nodes.

import { element, prose, resolved, schemaText } from "./schema_text.js";
import { tryForm } from "./try_call.js";

const byId = (id) => document.getElementById(id);
const METHODS = ["get", "post", "put", "patch", "delete"];
const rows = [];

async function start() {
  let spec;
  try {
    const response = await fetch("openapi.json", { cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    spec = await response.json();
  } catch (error) {
    byId("about").textContent = `The description can't be loaded (${error.message}). Reload the page.`;
    return;
  }
  document.title = byId("title").textContent = spec.info.title;
  byId("about").textContent = spec.info.description;
  byId("version").textContent = `Version ${spec.info.version}`;
  byId("version").hidden = false;
  const groups = new Map((spec.tags ?? []).map((tag) => [tag.name, { tag, routes: [] }]));
  for (const [path, methods] of Object.entries(spec.paths))
    for (const method of METHODS)
      if (methods[method]) groups.get(methods[method].tags[0]).routes.push({ path, method, facts: methods[method] });
  for (const { tag, routes } of groups.values()) if (routes.length) showGroup(spec, tag, routes);
  filter();
  openLinked();
}

function showGroup(spec, tag, routes) {
  const id = `group-${tag.name}`;
  const section = element("section", { className: "group", id });
  const title = element("h2", { textContent: tag.name, id: `${id}-title` });
  section.setAttribute("aria-labelledby", title.id);
  section.append(title);
  if (tag.description) section.append(element("p", { className: "muted small", textContent: tag.description }));
  const link = element("a", { href: `#${id}`, textContent: tag.name });
  const shown = element("span", { className: "muted small" });
  const item = element("li", {}, link, shown);
  byId("groups").append(item);
  const entries = routes.map((route) => showRoute(spec, route));
  section.append(...entries.map((each) => each.details));
  byId("routes").append(section);
  rows.push({ section, item, shown, entries });
}

function showRoute(spec, { path, method, facts }) {
  const details = element("details", { className: "route", id: facts.operationId });
  const shown = path.split("/").flatMap((part, at) => (at ? ["/", element("wbr"), part] : [part]));
  const summary = element(
    "summary",
    {},
    element("span", { className: `method ${method}`, textContent: method.toUpperCase() }),
    element("code", {}, ...shown),
    element("span", { className: "muted about", textContent: facts.summary }),
  );
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(routeBody(spec, path, method, facts));
  });
  const text = `${method} ${path} ${facts.operationId} ${facts.summary} ${facts.tags}`.toLowerCase();
  return { details, text };
}

function routeBody(spec, path, method, facts) {
  const needsToken = !facts.security || !facts.security.some((each) => !Object.keys(each).length);
  const access = facts.security?.length === 0 ? "Needs no token." : needsToken ? "Needs the token." : "";
  const about = [facts.description, access].filter(Boolean).join(" ");
  const answers = Object.entries(facts.responses).map(([status, response]) =>
    showAnswer(spec, status, resolved(spec, response)),
  );
  return element(
    "div",
    { className: "body" },
    about && element("p", {}, ...prose(about)),
    tryForm({ spec, path, method, facts, token: () => byId("token").value.trim() }),
    element("h3", { textContent: "Answers" }),
    element("div", { className: "answers" }, ...answers),
  );
}

function showAnswer(spec, status, response) {
  const content = Object.entries(response.content ?? {});
  const schema = response.content?.["application/json"]?.schema;
  const line = [
    element("strong", { className: `status s${status[0]}`, textContent: status }),
    element("span", {}, ...prose(response.description)),
    element("span", { className: "muted small", textContent: content.map(([type]) => type).join(", ") }),
  ];
  if (!schema) return element("p", { className: "answer" }, ...line);
  const details = element("details", { className: "answer" }, element("summary", {}, ...line));
  details.addEventListener(
    "toggle",
    () => details.append(element("pre", { tabIndex: 0, textContent: schemaText(spec, schema) })),
    { once: true },
  );
  return details;
}

function filter() {
  const words = byId("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { section, item, shown, entries } of rows) {
    for (const { details, text } of entries) details.hidden = !words.every((word) => text.includes(word));
    const found = entries.filter(({ details }) => !details.hidden).length;
    shown.textContent = found;
    section.hidden = item.hidden = !found;
    count += found;
  }
  byId("count").textContent = count === 1 ? "1 route" : `${count} routes`;
}

function openLinked() {
  const target = byId(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.matches("details")) target.open = true;
  target.scrollIntoView();
}

byId("filter").addEventListener("input", filter);
byId("show").addEventListener("click", () => {
  // Not a password field: browsers would offer to store the token.
  const isShown = !byId("token").classList.toggle("secret");
  byId("show").setAttribute("aria-pressed", String(isShown));
});
addEventListener("hashchange", openLinked);
start();
