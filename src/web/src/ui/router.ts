/** Addresses: `#/page/id?name=value`. Only `go` and links change them. */
import { state } from "./state.ts";

export interface Route {
  page: string;
  id: string;
  query: URLSearchParams;
}

/** Read an address; whatever isn't one of a page, such as a one-time code, is the gallery. */
export function parse(hash: string): Route {
  const [path = "", query = ""] = hash.startsWith("#/") ? hash.slice(2).split("?", 2) : [];
  const slash = path.indexOf("/");
  const [page, id] = slash < 0 ? [path, ""] : [path.slice(0, slash), path.slice(slash + 1)];
  return { page: page || "media", id: decoded(id), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the address of a page. A name that isn't well-formed Unicode is repaired first: encodeURIComponent would throw. */
export function address(page: string, id = "", query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${page}${id && `/${encodeURIComponent(id.toWellFormed())}`}${search && `?${search}`}`;
}

export const route = state<Route>(parse(globalThis.location?.hash ?? ""));

/** Open a page; `replace` leaves no entry in the history. */
export function go(to: string, replace = false): void {
  if (replace) {
    history.replaceState(null, "", to);
    route.set(parse(to));
  } else location.hash = to;
}

export function watchAddress(): void {
  addEventListener("hashchange", () => {
    if (location.hash.startsWith("#code=")) location.reload(); // A new link was opened in this tab.
    else route.set(parse(location.hash));
  });
}
